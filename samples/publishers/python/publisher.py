#!/usr/bin/env python3
"""Publishes submissions to the pipeline and accounts for every one of them. Made to be copied: AMQP 0.9.1 and JSON, nothing else.

  publisher.py --file submissions.jsonl            with confirms (the default): refused and returned ones are known at once
  publisher.py --file submissions.jsonl --no-confirms
                                                   without: faster, but a message that the broker refuses (queue full, no memory, a lost
                                                   connection) vanishes without a word. This publisher then counts as accepted only what
                                                   the pipeline answered, and reports all others as 'unknown': publish those again
                                                   with the same idempotency key, or ask GET /invocations.

Input: one JSON object a line, as docs/contracts/SubmitInvocation.schema.json says. Output: a JSON line for each submission, then a summary.
States: accepted, rejected, deferred, completed, failed, cancelled, expired (as answered); confirmed (safe in the queue, not answered yet);
refused (the broker's nack: the queue is full); returned (no queue takes this agent); unknown.
Exit codes: 0 all accepted, confirmed or completed; 1 some were not; 2 usage; 3 no broker. Ctrl+C stops waiting and reports.
Needs pika: apt-get install python3-pika, or pip install pika.
"""

import argparse
import hashlib
import json
import os
import signal
import sys
import time
import uuid

import pika
import pika.exceptions

INVOCATIONS = "pipeline.invocations"
EVENTS = "pipeline.events"
TERMINAL = ("completed", "failed", "cancelled", "expired")
WELL = ("accepted", "confirmed", "completed")


class Submission:
    def __init__(self, number, line):
        self.body = json.loads(line)
        # Of the line: publishing the file again repeats these submissions and makes no new ones.
        self.key = self.body.setdefault("idempotencyKey", "%d-%s" % (number, hashlib.sha256(line.encode()).hexdigest()[:24]))
        self.state, self.invocation_id, self.detail = "unsent", None, None
        self.attempts, self.due = 0, 0.0


class Publisher:
    def __init__(self, arguments, submissions):
        self.arguments, self.submissions = arguments, submissions
        self.by_key = {x.key: x for x in submissions}
        self.by_id = {}
        self.answers, self.stopped, self.connection = 0, False, None

    def connect(self, deadline):
        while True:
            try:
                self.connection = pika.BlockingConnection(pika.URLParameters(self.arguments.url))
                break
            except (pika.exceptions.AMQPError, OSError):
                if self.stopped or time.monotonic() >= deadline:
                    raise
                time.sleep(0.5)
        # Listen before publishing: an event that nobody is bound for is gone.
        listening = self.connection.channel()
        self.queue = "upstream.%s" % uuid.uuid4().hex
        listening.queue_declare(self.queue, exclusive=True, auto_delete=True)
        for name in sorted({"%s.%s.*" % (x.body["tenant"], x.body["agent"]) for x in self.submissions}):
            listening.queue_bind(self.queue, EVENTS, routing_key=name)
        listening.basic_consume(self.queue, self.receive, auto_ack=True)
        self.channel = self.connection.channel()
        self.channel.add_on_return_callback(lambda _c, method, properties, _b: self.returned(properties.correlation_id, method.reply_text))
        if not self.arguments.no_confirms:
            self.channel.confirm_delivery()

    def receive(self, _channel, _method, properties, payload):
        try:
            event = json.loads(payload)
            name, invocation_id = event["event"], str(event["invocationId"])
        except (ValueError, KeyError, TypeError):
            sys.stderr.write("not understood: %r\n" % payload[:200])
            return
        submission = self.by_key.get(properties.correlation_id or "") or self.by_id.get(invocation_id)
        if submission is None or submission.state in TERMINAL + ("rejected",):
            return  # Another publisher's, or told twice: events come at least once.
        if name in TERMINAL or name == "rejected":
            submission.state, submission.detail = name, event.get("code")
        elif name == "deferred":
            submission.state, submission.due = "deferred", time.monotonic() + (event.get("retryAfterSeconds") or 1)
        elif name == "accepted" and submission.state != "accepted":
            submission.state = "accepted"
        else:
            return
        submission.invocation_id = invocation_id
        self.by_id[invocation_id] = submission
        self.answers += 1
        sys.stderr.write("answered %d\n" % self.answers)

    def returned(self, key, why):
        if key in self.by_key:
            self.by_key[key].state, self.by_key[key].detail = "returned", why

    def publish(self, submission):
        submission.attempts += 1
        properties = pika.BasicProperties(content_type="application/json", delivery_mode=2, message_id=submission.key,
                                          correlation_id=submission.key, reply_to=self.queue)
        # Until the broker says otherwise nothing is known of it; a connection that breaks here leaves it so.
        submission.state = "unknown"
        try:
            self.channel.basic_publish(INVOCATIONS, submission.body["agent"], json.dumps(submission.body).encode(), properties, mandatory=True)
            # The answer may have come in already, while the confirm was waited for.
            if not self.arguments.no_confirms and submission.state == "unknown":
                submission.state = "confirmed"
        except pika.exceptions.UnroutableError:
            submission.state, submission.detail = "returned", "no queue takes the agent '%s'" % submission.body["agent"]
        except pika.exceptions.NackError:
            # The last wall: the queue is full. Keep it, wait, try again.
            submission.state, submission.due = "refused", time.monotonic() + min(30, 2 ** submission.attempts)

    def to_publish(self):
        now = time.monotonic()
        for x in self.submissions:
            if x.state == "unsent" or (x.state == "deferred" and x.due <= now) or (x.state == "refused" and x.attempts < self.arguments.attempts and x.due <= now):
                yield x

    def open(self):
        again = lambda x: x.state == "refused" and x.attempts < self.arguments.attempts
        waits = ("unsent", "deferred", "unknown", "confirmed") + (("accepted",) if self.arguments.wait else ())
        return any(x.state in waits or again(x) for x in self.submissions)

    def run(self):
        deadline = time.monotonic() + self.arguments.timeout
        told = False
        self.connect(time.monotonic() + 30)
        while not self.stopped:
            try:
                for submission in list(self.to_publish()):
                    if self.stopped:
                        break
                    self.publish(submission)
                if not told:
                    # An answer to this means that the broker has taken in everything before it, returns included.
                    self.channel.queue_declare(self.queue, passive=True)
                    self.connection.process_data_events(time_limit=0)
                    told = True
                    sys.stderr.write("published %d\n" % sum(1 for x in self.submissions if x.attempts))
                    # Not before everything was handed over: the time is for the answers.
                    deadline = time.monotonic() + self.arguments.timeout
                if not self.open() or time.monotonic() >= deadline:
                    break
                self.connection.process_data_events(time_limit=0.2)
            except (pika.exceptions.AMQPConnectionError, pika.exceptions.ChannelClosed, pika.exceptions.ChannelWrongStateError):
                # What is not known is published again under its key: the pipeline sees the same invocation.
                for x in self.submissions:
                    if x.state == "unknown" and not self.arguments.no_confirms:
                        x.state = "unsent"
                self.connect(time.monotonic() + 30)

    def report(self):
        counts = {}
        for x in self.submissions:
            state = "unknown" if x.state == "unsent" and x.attempts else x.state
            counts[state] = counts.get(state, 0) + 1
            print(json.dumps({"idempotencyKey": x.key, "state": state, "invocationId": x.invocation_id, "detail": x.detail}))
        print(json.dumps({"summary": dict(sorted(counts.items())), "submissions": len(self.submissions)}))
        return 0 if all(x in WELL for x in counts) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=os.environ.get("PIPELINE_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2F"))
    parser.add_argument("--file", required=True)
    parser.add_argument("--no-confirms", action="store_true")
    parser.add_argument("--wait", action="store_true", help="until every invocation has ended")
    parser.add_argument("--attempts", type=int, default=5, help="publishes of one that the broker refuses")
    parser.add_argument("--timeout", type=float, default=60, help="seconds to wait for answers after publishing")
    arguments = parser.parse_args()
    try:
        with open(arguments.file, encoding="utf-8") as file:
            submissions = [Submission(number, line.strip()) for number, line in enumerate(file, start=1) if line.strip()]
        if any(not isinstance(x.body.get(name), str) for x in submissions for name in ("tenant", "agent")):
            raise ValueError("every line needs 'tenant' and 'agent'")
    except (OSError, ValueError, AttributeError) as error:
        sys.stderr.write("error: --file: %s\n" % error)
        return 2
    publisher = Publisher(arguments, submissions)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: setattr(publisher, "stopped", True))
    try:
        publisher.run()
    except (pika.exceptions.AMQPError, OSError) as error:
        sys.stderr.write("error: no broker answers, or it refuses this account: %r\n" % error)
        publisher.report()
        return 3
    return publisher.report()


if __name__ == "__main__":
    sys.exit(main())
