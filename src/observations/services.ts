/** One request that the application answered, its answer's body included. */
export interface HttpRequest {
  readonly kind: 'http_request';
  /** `http.request.method`: a method that the convention knows, else `_OTHER`. */
  readonly method: string;
  /** `http` or `https`. */
  readonly scheme: string;
  /** The template that matched, never the URL; undefined where no route matched. */
  readonly route?: string | undefined;
  /** Undefined when the client was gone before an answer began. */
  readonly statusCode?: number | undefined;
  /** `network.protocol.version`: `1.1`, `2`, ... */
  readonly protocolVersion?: string | undefined;
  readonly startTime: number;
  readonly durationMs: number;
  /** `aborted` when the connection was closed before the answer was complete: an endless stream ends like this. */
  readonly outcome: 'success' | 'error' | 'aborted';
  /** Present when the outcome is `error`: the status, or the class of what was thrown. */
  readonly errorType?: string | undefined;
  /** Bytes of the bodies where their length was told. */
  readonly requestBytes?: number | undefined;
  readonly responseBytes?: number | undefined;
  /** True when another instrumentation records `http.server.request.duration` of this request. */
  readonly recordedElsewhere: boolean;
}

/** One query or other operation of a database client. */
export interface DbQuery {
  readonly kind: 'db_query';
  /** `db.system.name`. */
  readonly system: string;
  /** `db.operation.name`. */
  readonly operation?: string | undefined;
  /** `db.collection.name`: a table, a collection or a model. */
  readonly collection?: string | undefined;
  /** `db.namespace`. */
  readonly namespace?: string | undefined;
  readonly startTime: number;
  readonly durationMs: number;
  readonly errorType?: string | undefined;
  /** True when another instrumentation records `db.client.operation.duration` of this query. */
  readonly recordedElsewhere: boolean;
}

/** An inbound request that made model calls: how long it took, and how much of that it waited for providers. */
export interface GatewayRequest {
  readonly kind: 'gateway_request';
  readonly route?: string | undefined;
  readonly startTime: number;
  /** From the request to the end of its answer. */
  readonly durationMs: number;
  /** The part in which at least one exchange with a provider was open; calls side by side count once. */
  readonly upstreamMs: number;
}
