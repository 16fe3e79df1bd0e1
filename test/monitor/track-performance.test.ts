import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { defaultMonitor } from '../../src/monitor/default-monitor.ts';
import { TrackPerformance } from '../../src/monitor/index.ts';
import { createMonitor } from './create.ts';

const { monitor } = createMonitor();

/** The class that this source text returns, compiled as an application would. */
function compile(source: string, experimentalDecorators: boolean): never {
  const { code } = transformSync(`export const made = (() => { ${source} })();`, {
    loader: 'ts',
    target: 'es2022',
    format: 'cjs',
    tsconfigRaw: { compilerOptions: { experimentalDecorators } },
  });
  // Vitest does not compile decorators.
  const module = { exports: {} as { made: never } };
  new Function('module', 'TrackPerformance', 'monitor', code)(module, TrackPerformance, monitor);
  return module.exports.made;
}

describe.each([
  ['standard decorators', false],
  ['experimentalDecorators', true],
])('@TrackPerformance with %s', (_, legacy) => {
  const make = (source: string) => compile(source, legacy);
  const count = (name: string) => monitor.getStats(name)?.count;

  it('names the operation after class and method, or as it is told', () => {
    const Users = make(`
      class Users {
        prefix = 'u';
        @TrackPerformance({ monitor }) find(id: number) { return this.prefix + id; }
        @TrackPerformance({ monitor, name: 'users.save' }) save(a: number, b: number) { return a + b; }
      }
      return Users;`) as new () => { find(id: number): string; save(a: number, b: number): number };
    monitor.clear();
    const users = new Users();
    expect([users.find(7), users.save(1, 2)]).toEqual(['u7', 3]);
    expect([count('Users.find'), count('users.save')]).toEqual([1, 1]);
    expect([users.save.length, users.find.name]).toEqual([2, 'find']);
  });

  it('keeps what is returned, thrown and awaited', async () => {
    const Work = make(`
      class Work {
        @TrackPerformance({ monitor }) fail(error: Error) { throw error; }
        @TrackPerformance({ monitor }) async later(value: unknown) { await null; return value; }
        @TrackPerformance({ monitor }) async reject(error: Error) { throw error; }
      }
      return Work;`) as new () => Record<string, (given: unknown) => Promise<unknown>>;
    monitor.clear();
    const [work, error] = [new Work(), new Error('mine')];
    expect(() => work.fail?.(error)).toThrow(error);
    await expect(work.reject?.(error)).rejects.toBe(error);
    expect(await work.later?.(5)).toBe(5);
    expect(monitor.getStats('Work.fail')).toMatchObject({ errorCount: 1 });
    expect(monitor.getStats('Work.reject')).toMatchObject({ errorCount: 1 });
    expect(monitor.getStats('Work.later')).toMatchObject({ successCount: 1 });
  });

  it('works on static and symbol methods', () => {
    const Tools = make(`
      class Tools {
        @TrackPerformance({ monitor }) static parse(text: string) { return this.name + text; }
        @TrackPerformance({ monitor }) [Symbol.iterator]() { return [1][Symbol.iterator](); }
      }
      return Tools;`) as { new (): Iterable<number>; parse(text: string): string };
    monitor.clear();
    expect(Tools.parse('x')).toBe('Toolsx');
    expect([...new Tools()]).toEqual([1]);
    expect([count('Tools.parse'), count('Tools.Symbol(Symbol.iterator)')]).toEqual([1, 1]);
  });

  it('names a method that is inherited after the class that has it', () => {
    const Child = make(`
      class Parent { @TrackPerformance({ monitor }) run() { return 1; } }
      return class Child extends Parent {};`) as new () => { run(): number };
    monitor.clear();
    new Child().run();
    expect(count('Parent.run')).toBe(1);
  });

  it.each([
    ['a getter', 'get value() { return 1; }'],
    ['a setter', 'set value(to: number) {}'],
    ['a field', 'value = 1;'],
  ])('is refused on %s when the class is defined, with its name', (_what, member) => {
    expect(() => make(`class Wrong { @TrackPerformance() ${member} } return Wrong;`)).toThrow(
      /@TrackPerformance belongs on a method; "value" is an? (accessor|getter|setter|field)$/,
    );
  });
});

describe('@TrackPerformance', () => {
  it('works on private methods', () => {
    const Vault = compile(
      `class Vault {
        @TrackPerformance({ monitor }) #open() { return 5; }
        open() { return this.#open(); }
      }
      return Vault;`,
      false,
    ) as new () => { open(): number };
    monitor.clear();
    expect(new Vault().open()).toBe(5);
    expect([...monitor.getStats().keys()]).toEqual(['Vault.#open']);
  });

  it('calls a method on whatever it is called, and remembers no name from a call without its object', () => {
    const Tools = compile(
      `class Tools { @TrackPerformance({ monitor }) run() { return 7; } }
      return Tools;`,
      false,
    ) as new () => { run(): number };
    monitor.clear();
    const { run } = new Tools();
    const closed = new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new Error('no');
        },
      },
    );
    for (const self of [undefined, Object.create(null), { constructor: 5 }, closed]) expect(run.call(self)).toBe(7);
    expect(new Tools().run()).toBe(7);
    expect([...monitor.getStats()].map(([name, { count }]) => [name, count])).toEqual([
      ['unbound.run', 4],
      ['Tools.run', 1],
    ]);
  });

  it('is refused on a class', () => {
    expect(() => compile('@TrackPerformance() class Wrong {}; return Wrong;', false)).toThrow(/"Wrong" is a class/);
    expect(() => compile('@TrackPerformance() class Wrong {}; return Wrong;', true)).toThrow(/"Wrong" is a class/);
  });

  it.each([false, true])('is refused without its parentheses', (legacy) => {
    expect(() => compile('class Wrong { @TrackPerformance run() {} } return Wrong;', legacy)).toThrow(
      'write @TrackPerformance(), with its parentheses',
    );
  });

  it('records on the default monitor where it is given none', () => {
    const Users = compile(
      `class Users {
        @TrackPerformance() find() { return 1; }
        @TrackPerformance('users.save') save() { return 2; }
      }
      return Users;`,
      false,
    ) as new () => { find(): number; save(): number };
    const users = new Users();
    expect(users.find() + users.save()).toBe(3);
    expect(defaultMonitor().getStats('Users.find')?.count).toBe(1);
    expect(defaultMonitor().getStats('users.save')?.count).toBe(1);
  });
});
