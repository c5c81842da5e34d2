import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURE_FILTERS, failuresHref, INSTANCE_FILTERS, instancesHref, instancesQuery, LONGEST_VALUE, readFilters, toggled, without, writeFilters } from '../src/lib/filters';
import { instanceHref, route, whereHref, workflowHref } from '../src/lib/route';

const read = (text: string) => readFilters(INSTANCE_FILTERS, new URLSearchParams(text));

test('filters come back from the address as they went in', () => {
  const filters = { workflow: 'order', state: 'stalled', step: 'payment/charge', key: '<img onerror> &=#?% ü', attempt: '3' };
  assert.deepEqual(read(writeFilters(INSTANCE_FILTERS, filters)), filters);
  assert.equal(writeFilters(INSTANCE_FILTERS, {}), '');
});

test('the same filters make the same address, whatever their order', () => {
  assert.equal(instancesHref({ step: 'a/b', state: 'lost' }), instancesHref({ state: 'lost', step: 'a/b' }));
  assert.equal(instancesHref({ step: 'a/b', state: 'lost' }), '/instances?state=lost&step=a%2Fb');
  assert.equal(failuresHref({ reason: 'rejected' }), '/failures?reason=rejected');
});

test('what is unknown, empty or told twice does no harm', () => {
  assert.deepEqual(read('state=&evil=1&step=%20&key=a&key=b'), { key: 'b' });
  assert.equal(read(`key=${'x'.repeat(5000)}`).key?.length, LONGEST_VALUE);
  assert.deepEqual(readFilters(FAILURE_FILTERS, new URLSearchParams('state=lost')), {});
});

test('an age is asked for in milliseconds, and as it stands where it is none, to be refused', () => {
  assert.equal(instancesQuery({ older: '15m', state: 'lost' }), '?state=lost&older=900000');
  assert.equal(instancesQuery({ older: 'long' }), '?older=long');
});

test('a filter is set, changed and taken away', () => {
  assert.deepEqual(toggled({ state: 'lost' }, 'state', 'lost'), {});
  assert.deepEqual(toggled({ state: 'lost' }, 'state', 'failed'), { state: 'failed' });
  assert.deepEqual(toggled({}, 'step', 'a/b'), { step: 'a/b' });
  assert.deepEqual(without({ state: 'lost', step: 'a/b' }, 'state'), { step: 'a/b' });
});

test('every page has its address', () => {
  assert.deepEqual(route('/'), { page: 'fleet' });
  assert.deepEqual(route('/instances'), { page: 'instances' });
  assert.deepEqual(route('/instances/'), { page: 'instances' });
  assert.deepEqual(route('/failures'), { page: 'failures' });
  assert.deepEqual(route('/contracts'), { page: 'contracts' });
  assert.deepEqual(route('/workflows'), { page: 'unknown', path: '/workflows' });
  assert.deepEqual(route('/contracts/x'), { page: 'unknown', path: '/contracts/x' });
});

test('names with any character survive the address', () => {
  for (const name of ['order', 'a/b', 'ü ö', '100%', '../x', '<img>', '?#&']) {
    assert.deepEqual(route(instanceHref(name)), { page: 'instance', id: name });
    assert.deepEqual(route(workflowHref(name)), { page: 'workflow', name });
    assert.deepEqual(route(whereHref(name)), { page: 'where', text: name });
  }
  assert.deepEqual(route('/instances/%E0%A4%A'), { page: 'instance', id: '%E0%A4%A' }, 'what cannot be decoded stands for itself');
});
