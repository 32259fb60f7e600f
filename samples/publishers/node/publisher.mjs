#!/usr/bin/env node
// Publishes submissions to the pipeline and accounts for every one of them. Made to be copied: AMQP 0.9.1 and JSON, nothing else.
//
//   npm ci && node publisher.mjs --file submissions.jsonl [--no-confirms] [--wait] [--attempts 5] [--timeout 60] [--url amqp://…]
//
// With confirms (the default) refused and returned submissions are known at once. With --no-confirms a message that the broker refuses
// (queue full, no memory, a lost connection) vanishes without a word: only what the pipeline answered counts as accepted then, and all
// others are reported as 'unknown'. Publish those again with the same idempotency key, or ask GET /invocations.
//
// Input, output, states and exit codes are those of ../python/publisher.py.
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import amqp from 'amqplib';

const INVOCATIONS = 'pipeline.invocations';
const EVENTS = 'pipeline.events';
const TERMINAL = ['completed', 'failed', 'cancelled', 'expired'];
const WELL = ['accepted', 'confirmed', 'completed'];
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

let options, submissions;
try {
  options = parseArgs({
    options: {
      url: { type: 'string', default: process.env.PIPELINE_AMQP_URL ?? 'amqp://guest:guest@127.0.0.1:5672/%2F' },
      file: { type: 'string' }, 'no-confirms': { type: 'boolean', default: false }, wait: { type: 'boolean', default: false },
      attempts: { type: 'string', default: '5' }, timeout: { type: 'string', default: '60' },
    },
  }).values;
  submissions = readFileSync(options.file ?? '', 'utf8').split('\n').map((line, index) => ({ line: line.trim(), number: index + 1 })).filter(x => x.line).map(({ line, number }) => {
    const body = JSON.parse(line);
    if (typeof body.tenant !== 'string' || typeof body.agent !== 'string') throw new Error(`line ${number} needs 'tenant' and 'agent'`);
    // Of the line: publishing the file again repeats these submissions and makes no new ones.
    body.idempotencyKey ??= `${number}-${createHash('sha256').update(line).digest('hex').slice(0, 24)}`;
    return { key: body.idempotencyKey, body, state: 'unsent', attempts: 0, due: 0, invocationId: null, detail: null };
  });
} catch (error) {
  console.error(`error: --file or options: ${error.message}`);
  process.exit(2);
}

const confirms = !options['no-confirms'];
const attempts = Number(options.attempts);
const byKey = new Map(submissions.map(x => [x.key, x]));
const byId = new Map();
let answers = 0, stopped = false, connection, channel, queue, broken;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { stopped = true; });

async function connect() {
  const until = Date.now() + 30_000;
  for (;;) {
    try { connection = await amqp.connect(options.url); break; } catch (error) {
      if (stopped || Date.now() >= until) throw error;
      await sleep(500);
    }
  }
  broken = false;
  connection.on('error', () => { broken = true; });
  connection.on('close', () => { broken = true; });
  // Listen before publishing: an event that nobody is bound for is gone.
  const listening = await connection.createChannel();
  queue = `upstream.${randomUUID()}`;
  await listening.assertQueue(queue, { exclusive: true, autoDelete: true, durable: false });
  for (const name of new Set(submissions.map(x => `${x.body.tenant}.${x.body.agent}.*`))) await listening.bindQueue(queue, EVENTS, name);
  await listening.consume(queue, receive, { noAck: true });
  channel = confirms ? await connection.createConfirmChannel() : await connection.createChannel();
  channel.on('error', () => { broken = true; });
  channel.on('return', message => {
    const submission = byKey.get(message.properties.correlationId);
    if (submission) Object.assign(submission, { state: 'returned', detail: message.fields.replyText });
  });
}

function receive(message) {
  let event;
  try { event = JSON.parse(message.content.toString('utf8')); } catch { console.error(`not understood: ${message.content.subarray(0, 200)}`); return; }
  const submission = byKey.get(message.properties.correlationId) ?? byId.get(event.invocationId);
  if (!submission || [...TERMINAL, 'rejected'].includes(submission.state)) return; // Another publisher's, or told twice.
  if (TERMINAL.includes(event.event) || event.event === 'rejected') Object.assign(submission, { state: event.event, detail: event.code ?? null });
  else if (event.event === 'deferred') Object.assign(submission, { state: 'deferred', due: Date.now() + (event.retryAfterSeconds ?? 1) * 1000 });
  else if (event.event === 'accepted' && submission.state !== 'accepted') submission.state = 'accepted';
  else return;
  submission.invocationId = event.invocationId;
  byId.set(event.invocationId, submission);
  console.error(`answered ${++answers}`);
}

// Resolves when the broker has confirmed or refused it; without confirms, when it is in the socket's buffer.
async function publish(submission) {
  submission.attempts++;
  submission.state = 'unknown';
  const properties = { contentType: 'application/json', persistent: true, messageId: submission.key, correlationId: submission.key, replyTo: queue, mandatory: true };
  const content = Buffer.from(JSON.stringify(submission.body));
  if (!confirms) {
    if (!channel.publish(INVOCATIONS, submission.body.agent, content, properties)) await new Promise(resolve => { channel.once('drain', resolve); channel.once('close', resolve); });
    return;
  }
  await new Promise(resolve => channel.publish(INVOCATIONS, submission.body.agent, content, properties, error => {
    // An answer may have come before the confirm, and a return always does.
    if (submission.state === 'unknown') {
      if (!error) submission.state = 'confirmed';
      else if (!broken && error.message === 'message nacked') Object.assign(submission, { state: 'refused', due: Date.now() + Math.min(30_000, 1000 * 2 ** submission.attempts) });
      // Else the channel went away: still unknown, published again under its key.
    }
    resolve();
  }));
}

const toPublish = x => x.state === 'unsent' || (x.state === 'deferred' && x.due <= Date.now()) || (x.state === 'refused' && x.attempts < attempts && x.due <= Date.now());
const isOpen = x => ['unsent', 'deferred', 'unknown', 'confirmed'].includes(x.state) || (options.wait && x.state === 'accepted') || (x.state === 'refused' && x.attempts < attempts);

async function run() {
  let deadline = Infinity, told = false;
  await connect();
  while (!stopped) {
    try {
      if (broken) throw new Error('connection lost');
      const due = submissions.filter(toPublish);
      // 64 at a time: a window of unconfirmed messages, not an unbounded buffer.
      for (let i = 0; i < due.length && !stopped; i += 64) await Promise.all(due.slice(i, i + 64).map(publish));
      if (!told) {
        // An answer to this means that the broker has taken in everything before it, returns included.
        await channel.checkQueue(queue);
        told = true;
        console.error(`published ${submissions.filter(x => x.attempts).length}`);
        deadline = Date.now() + Number(options.timeout) * 1000;
      }
    } catch (error) {
      // What is not known is published again under its key: the pipeline sees the same invocation.
      if (confirms) for (const x of submissions) if (x.state === 'unknown') x.state = 'unsent';
      await connect();
      continue;
    }
    if (!submissions.some(isOpen) || Date.now() >= deadline) break;
    await sleep(100);
  }
}

function report() {
  const counts = {};
  for (const x of submissions) {
    const state = x.state === 'unsent' && x.attempts ? 'unknown' : x.state;
    counts[state] = (counts[state] ?? 0) + 1;
    console.log(JSON.stringify({ idempotencyKey: x.key, state, invocationId: x.invocationId, detail: x.detail }));
  }
  console.log(JSON.stringify({ summary: counts, submissions: submissions.length }));
  return Object.keys(counts).every(x => WELL.includes(x)) ? 0 : 1;
}

try {
  await run();
  process.exitCode = report();
} catch (error) {
  console.error(`error: no broker answers, or it refuses this account: ${error.message}`);
  report();
  process.exitCode = 3;
}
try { await connection?.close(); } catch { /* It was gone already. */ }
