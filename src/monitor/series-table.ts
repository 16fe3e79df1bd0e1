import { OTHER } from '../cardinality.ts';
import { drop } from '../observe.ts';
import type { Series } from './series.ts';
import { hasAll, NO_TAGS, type Tags, type TagsGiven, tagsOf } from './tags.ts';

/** Places in the tree of tags for each series: the same tags in another order take places of their own. */
const PLACES_PER_SERIES = 8;

/** A place in the tree of tags: the keys and values that lead to it are the tags of its series. */
interface Place {
  series: Series | undefined;
  readonly next: Map<string, Map<unknown, Place>>;
}

/** The series of one name, by tags. Finding one that is known allocates nothing. */
export class SeriesTable {
  readonly #create: (tags: Tags) => Series;
  readonly #limit: number;
  readonly #ignored: string | undefined;
  readonly #byKey = new Map<string, Series>();
  readonly #all: Series[] = [];
  /** By one key and value: those that have several are among those that have the rarest of them. */
  readonly #byTag = new Map<string, Map<string, Series[]>>();
  readonly #root: Place = { series: undefined, next: new Map() };
  #places = 0;
  #plain: Series | undefined;

  /** `ignored` is a tag that tells no series apart. */
  constructor(create: (tags: Tags) => Series, limit: number, ignored?: string) {
    this.#create = create;
    this.#limit = limit;
    this.#ignored = ignored;
  }

  find(tags: TagsGiven | undefined): Series {
    if (tags === undefined) {
      this.#plain ??= this.#keep(NO_TAGS);
      return this.#plain;
    }
    return this.#walk(tags) ?? this.#learn(tags);
  }

  /** Every series. */
  get all(): readonly Series[] {
    return this.#all;
  }

  /** Every series that has these tags, whatever others it has. */
  matching(tags?: TagsGiven): Series[] {
    const wanted = tagsOf(tags, this.#ignored);
    // Nothing is kept of a question.
    const isKnown = Object.entries(wanted).every(([key, value]) => this.#byTag.get(key)?.has(value) === true);
    return isKnown ? this.follow(wanted)() : [];
  }

  /** As `matching`, to be asked again and again: each time only what came since is looked at. */
  follow(tags: Tags): () => Series[] {
    const wanted = Object.entries(tags);
    let among = this.#all;
    for (const [key, value] of wanted) {
      const having = this.#having(key, value);
      if (having.length < among.length) among = having;
    }
    const found: Series[] = [];
    let looked = 0;
    return () => {
      for (; looked < among.length; looked++) {
        const series = among[looked] as Series;
        if (hasAll(series.tags, wanted)) found.push(series);
      }
      return found;
    };
  }

  #walk(tags: TagsGiven): Series | undefined {
    try {
      let place: Place | undefined = this.#root;
      for (const key in tags) {
        if (key === this.#ignored) continue;
        place = place.next.get(key)?.get(tags[key]);
        if (place === undefined) return undefined;
      }
      return place.series;
    } catch {
      // A getter that throws; what can be read of the tags is read again, one by one.
      return undefined;
    }
  }

  #learn(given: TagsGiven): Series {
    const tags = tagsOf(given, this.#ignored);
    const series = this.#keep(tags);
    if (series.tags[OTHER] === OTHER || this.#places > this.#limit * PLACES_PER_SERIES) return series;
    try {
      this.#lead(given, series);
    } catch {
      // A proxy, or a getter that throws: they are read anew each time.
    }
    return series;
  }

  /** Lets these tags find their series without being read in full again. */
  #lead(given: TagsGiven, series: Series): void {
    const { tags } = series;
    const names: string[] = [];
    for (const key in given) if (key !== this.#ignored) names.push(key);
    // Tags that were cut or left out do not lead there: others could be cut to the same.
    if (names.some((key) => !Object.hasOwn(tags, key) || String(given[key]) !== tags[key])) return;
    this.#places += names.length;
    names.reduce((place, key) => placeBelow(place, key, given[key]), this.#root).series = series;
  }

  #keep(tags: Tags): Series {
    const key = JSON.stringify(Object.entries(tags));
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    if (this.#byKey.size >= this.#limit && key !== OTHER_KEY) {
      drop('series_limit');
      return this.#keep(OTHER_TAGS);
    }
    const series = this.#create(tags);
    this.#byKey.set(key, series);
    this.#all.push(series);
    for (const [tag, value] of Object.entries(tags)) this.#having(tag, value).push(series);
    return series;
  }

  #having(key: string, value: string): Series[] {
    let values = this.#byTag.get(key);
    if (values === undefined) {
      values = new Map();
      this.#byTag.set(key, values);
    }
    let having = values.get(value);
    if (having === undefined) {
      having = [];
      values.set(value, having);
    }
    return having;
  }
}

const OTHER_TAGS: Tags = Object.freeze({ [OTHER]: OTHER });
const OTHER_KEY = JSON.stringify(Object.entries(OTHER_TAGS));

function placeBelow(place: Place, key: string, value: unknown): Place {
  let values = place.next.get(key);
  if (values === undefined) {
    values = new Map();
    place.next.set(key, values);
  }
  let below = values.get(value);
  if (below === undefined) {
    below = { series: undefined, next: new Map() };
    values.set(value, below);
  }
  return below;
}
