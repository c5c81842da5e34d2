// A real choreography on a real Kafka with a real observer: the program `observed` of the tests' crate, told what to do.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { built } from './built.mjs';

/** Starts it; with `release` as fast as it gets, for measuring. It ends with this process, or when it is told to. */
export async function observed({ release = false } = {}) {
  const program = built('observed', ...(release ? ['--release'] : []));
  const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the choreography has ended; why is told above');
    return JSON.parse(value);
  };
  const { url, token } = await next();
  let turn = Promise.resolve();
  /** One command, answered before the next is sent. */
  const tell = (wish) => {
    turn = turn.then(async () => {
      child.stdin.write(`${JSON.stringify(wish)}\n`);
      const answer = await next();
      if (answer.error !== undefined) throw new Error(`${JSON.stringify(wish)}: ${answer.error}`);
      return answer.ok;
    });
    return turn;
  };
  return {
    url,
    token,
    open: (gate) => tell({ do: 'open', gate }),
    close: (gate) => tell({ do: 'close', gate }),
    stop: (service) => tell({ do: 'stop', service }),
    start: (service) => tell({ do: 'start', service }),
    killObserver: () => tell({ do: 'kill_observer' }),
    startObserver: () => tell({ do: 'start_observer' }),
    /** What `choreograph where` answers, and its exit code. */
    where: (text) => tell({ do: 'where', text }),
    place: (count) => tell({ do: 'place', count }),
    /** An order under an id, which is also its workflow's; its key may be any text. */
    order: (id, { key = id, amount = 12, value = JSON.stringify({ order_id: key, amount }), headers = {} } = {}) =>
      tell({ do: 'publish', topic: 'orders', key, value, headers: { ...placed(id), ...headers } }),
    end: async () => {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

function placed(id) {
  return {
    ce_specversion: '1.0', ce_id: id, ce_source: 'shop', ce_type: 'order.placed.v1', ce_correlationid: id,
    wf: `name=order;started=${Date.now()};hops=0`,
  };
}
