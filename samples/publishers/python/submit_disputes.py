#!/usr/bin/env python3
"""Submits invocations over AMQP as any upstream system would, and waits for what becomes of them.

This publisher knows nothing of .NET: it speaks AMQP 0.9.1 and JSON. It

  1. declares a queue of its own for answers and binds it to the topic exchange 'pipeline.events',
  2. publishes every case of a file to the exchange 'pipeline.invocations' (routing key: the agent), persistent, mandatory,
     with publisher confirms, a message id, and reply_to + correlation_id for the answer of the admission,
  3. submits again what was deferred, after the seconds that the answer names,
  4. waits until every case has ended (completed, failed, cancelled, expired, or rejected), compares with what the case
     expects, and prints a table.

Every line of the file is one case:
  {"case": "D001", "title": "…", "invocation": {"tenant": "…", "agent": "…", "input": …, …},
   "expect": {"event": "completed", "code"?: "…", "outputContains"?: "…" or ["…"], "turns"?: 3, "toolCalls"?: 2, "degraded"?: false}}

Needs pika: 'apt-get install python3-pika' (then use /usr/bin/python3), or 'pip install pika'.

Exit codes: 0 every case ended as expected; 1 some did not, or the broker could not be reached; 2 wrong usage or file.
"""

import argparse
import json
import os
import sys
import time
import uuid
from collections import OrderedDict

try:
    import pika
    import pika.exceptions
except ImportError:
    sys.stderr.write(
        "error: the Python module 'pika' is missing for %s.\n"
        "Debian/Ubuntu: apt-get install python3-pika, and run this with /usr/bin/python3. Elsewhere: pip install pika\n" % sys.executable
    )
    sys.exit(2)

INVOCATIONS = "pipeline.invocations"
EVENTS = "pipeline.events"
TERMINAL = ("completed", "failed", "cancelled", "expired")
DEFAULT_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "payment-disputes", "disputes.jsonl")


class UsageError(Exception):
    """The command line or the file is wrong; nothing was submitted."""


class Case:
    """One line of the file, and what is known of it so far."""

    def __init__(self, number, line, run):
        self.number = number
        self.name = str(line.get("case") or number)
        self.title = line.get("title", "")
        self.expect = line.get("expect") or {}
        self.body = self._body(line["invocation"], run)
        self.message_id = str(uuid.uuid4())
        self.invocation_id = str(self.body["invocationId"]).lower()
        self.admission = None
        self.problem = None
        self.submit_at = 0.0
        self.submissions = 0

    def _body(self, invocation, run):
        body = dict(invocation)
        if body.get("idempotencyKey"):
            # The same file can be submitted again: its keys are meant to be equal within one run, not across runs.
            body["idempotencyKey"] = "%s@%s" % (body["idempotencyKey"], run)
        if not body.get("invocationId"):
            # Two submissions with one idempotency key must have one body, the id included.
            key = body.get("idempotencyKey")
            scope = json.dumps([body.get("tenant"), body.get("agent"), key])
            body["invocationId"] = str(uuid.uuid5(uuid.NAMESPACE_OID, scope) if key else uuid.uuid4())
        metadata = dict(body.get("metadata") or {})
        if not body.get("idempotencyKey"):
            metadata.setdefault("case", self.name)
        if metadata:
            body["metadata"] = metadata
        return body

    def binding(self):
        return "%s.%s.*" % (self.body.get("tenant") or "*", self.body.get("agent") or "*")


class Run:
    """The connection, the cases, and the events received."""

    def __init__(self, arguments, cases):
        self.arguments = arguments
        self.cases = cases
        self.by_name = {case.name: case for case in cases}
        self.events = {}  # invocation id -> {event name -> body}
        self.duplicates = 0
        self.last_progress = None
        self.connection = None
        self.publishing = None
        self.listening = None
        self.queue = None
        self.routable_until = 0.0

    # --- Connection -------------------------------------------------------------------------------------------------

    def connect(self, deadline):
        self.routable_until = deadline
        parameters = pika.URLParameters(self.arguments.url)
        parameters.client_properties = {"connection_name": "submit_disputes.py"}
        parameters.heartbeat = 30
        waited = False
        while True:
            try:
                self.connection = pika.BlockingConnection(parameters)
                break
            except pika.exceptions.ProbableAuthenticationError as error:
                raise ConnectionError("the broker refuses user or password of --url: %s" % error)
            except pika.exceptions.ProbableAccessDeniedError as error:
                raise ConnectionError("the broker refuses the virtual host of --url: %s" % error)
            except (pika.exceptions.AMQPError, OSError) as error:
                if time.monotonic() >= deadline:
                    raise ConnectionError("no broker answers at %s:%s (%s). Is it running, and is --url right?" % (parameters.host, parameters.port, describe(error)))
                if not waited:
                    progress("Waiting for the broker at %s:%s ..." % (parameters.host, parameters.port))
                    waited = True
                time.sleep(0.5)
        if not self._exists(EVENTS):
            self._declare_events()
        self._wait_for_exchange(EVENTS, deadline)
        self._wait_for_exchange(INVOCATIONS, deadline)

        # Listen before anything is published: an event that nobody is bound for is gone.
        self.listening = self.connection.channel()
        self.queue = "upstream.%s" % uuid.uuid4().hex
        self.listening.queue_declare(self.queue, exclusive=True, auto_delete=True, durable=False)
        for key in sorted({case.binding() for case in self.cases}):
            self.listening.queue_bind(self.queue, EVENTS, routing_key=key)
        self.listening.basic_consume(self.queue, self._receive, auto_ack=True)

        self.publishing = self.connection.channel()
        self.publishing.confirm_delivery()

    def _declare_events(self):
        """Whoever comes first declares the exchange of the events. An account that may not, waits for those who may."""
        channel = self.connection.channel()
        try:
            channel.exchange_declare(EVENTS, exchange_type="topic", durable=True)
            channel.close()
        except pika.exceptions.ChannelClosedByBroker as error:
            if error.reply_code != 403:
                raise ConnectionError("the exchange '%s' exists, but not as a durable topic exchange: %s" % (EVENTS, error.reply_text))

    def _exists(self, exchange):
        # A failed passive declare closes the channel, so each try has its own.
        channel = self.connection.channel()
        try:
            channel.exchange_declare(exchange, passive=True)
            channel.close()
            return True
        except pika.exceptions.ChannelClosedByBroker as error:
            if error.reply_code == 404:
                return False
            raise ConnectionError("the broker refuses the exchange '%s': %s" % (exchange, error.reply_text))

    def _wait_for_exchange(self, exchange, deadline):
        waited = False
        while not self._exists(exchange):
            if time.monotonic() >= deadline:
                raise ConnectionError("the exchange '%s' does not exist. Is the Orchestrator running, on this virtual host?" % exchange)
            if not waited:
                progress("Waiting for the exchange '%s' ..." % exchange)
                waited = True
            self.connection.sleep(0.5)

    # --- In and out -------------------------------------------------------------------------------------------------

    def _receive(self, _channel, method, properties, payload):
        try:
            body = json.loads(payload.decode("utf-8"))
            event = body["event"]
            invocation_id = str(body["invocationId"]).lower()
        except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
            progress("Not understood, routing key '%s': %s (%s)" % (method.routing_key, payload[:200], error))
            return
        case = self.by_name.get(properties.correlation_id or "")
        if case is not None and method.exchange != EVENTS:
            self._admitted(case, event, invocation_id, body)
        # What is told by the answer and by the exchange, or delivered twice, counts once.
        known = self.events.setdefault(invocation_id, OrderedDict())
        if event in known:
            self.duplicates += 1
        else:
            known[event] = body

    def _admitted(self, case, event, invocation_id, body):
        case.admission = event
        if event == "deferred":
            seconds = body.get("retryAfterSeconds") or 1
            if case.expect.get("event") != "deferred":
                case.submit_at = time.monotonic() + seconds
                case.admission = None
        elif event == "rejected":
            case.problem = body
        else:
            # The admission has the last word on the id: a repeated idempotency key answers with the first invocation.
            case.invocation_id = invocation_id

    def submit(self, case):
        case.submissions += 1
        case.submit_at = None
        properties = pika.BasicProperties(
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            message_id=case.message_id,
            correlation_id=case.name,
            reply_to=self.queue,
            app_id="submit_disputes.py",
            timestamp=int(time.time()),
        )
        try:
            self.publishing.basic_publish(
                INVOCATIONS, str(case.body.get("agent", "")), json.dumps(case.body, ensure_ascii=False).encode("utf-8"), properties, mandatory=True
            )
        except pika.exceptions.UnroutableError:
            if time.monotonic() < self.routable_until:
                # The exchange is there before the queues are, while the services start.
                case.submit_at = time.monotonic() + 1
                return
            case.problem = {"event": "unroutable", "reason": "no queue takes invocations for the agent '%s'" % case.body.get("agent")}
        except pika.exceptions.NackError:
            # The queue is full (the last wall of the backpressure): an upstream system keeps the message and tries again.
            case.submit_at = time.monotonic() + 2

    # --- What became of it ------------------------------------------------------------------------------------------

    def outcome(self, case):
        """The event that ended this case, or None."""
        if case.problem is not None:
            return case.problem
        known = self.events.get(case.invocation_id, {})
        for name in TERMINAL:
            if name in known:
                return known[name]
        expected = case.expect.get("event")
        if expected in known and (expected == "deferred" or expected == "rejected"):
            return known[expected]
        return None

    def work(self, deadline):
        while time.monotonic() < deadline:
            now = time.monotonic()
            for case in self.cases:
                if case.submit_at is not None and case.submit_at <= now and case.problem is None:
                    self.submit(case)
            ended = sum(1 for case in self.cases if self.outcome(case) is not None)
            self._show_progress(ended)
            if ended == len(self.cases):
                return
            self.connection.process_data_events(time_limit=0.25)

    def linger(self, seconds):
        """A second terminal event would arrive shortly after the first."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.connection.process_data_events(time_limit=0.1)

    def _show_progress(self, ended):
        accepted = sum(1 for case in self.cases if case.admission == "accepted" or self.outcome(case) is not None)
        state = (sum(1 for case in self.cases if case.submissions), accepted, ended)
        if state != self.last_progress:
            self.last_progress = state
            progress("submitted %d, answered %d, ended %d of %d" % (state + (len(self.cases),)))

    def judge(self, case):
        """Returns (ok, what is wrong)."""
        outcome = self.outcome(case)
        if outcome is None:
            return False, "no terminal event within the time (admission: %s)" % (case.admission or "no answer")
        wrong = []
        terminal = [name for name in TERMINAL if name in self.events.get(case.invocation_id, {})]
        if len(terminal) > 1 and case.problem is None:
            wrong.append("more than one terminal event: %s" % ", ".join(terminal))
        expect = case.expect
        if expect.get("event") and outcome.get("event") != expect["event"]:
            wrong.append("event '%s' instead of '%s'%s" % (outcome.get("event"), expect["event"], reason(outcome)))
        if expect.get("code") and outcome.get("code") != expect["code"]:
            wrong.append("code '%s' instead of '%s'" % (outcome.get("code"), expect["code"]))
        wanted = expect.get("outputContains") or []
        output = outcome.get("output")
        text = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
        for part in [wanted] if isinstance(wanted, str) else wanted:
            if part not in text:
                wrong.append("the output lacks '%s': %s" % (part, shorten(text, 120)))
        if self.arguments.strict:
            usage = outcome.get("usage") or {}
            for name in ("turns", "toolCalls"):
                if name in expect and usage.get(name) != expect[name]:
                    wrong.append("%s %s instead of %s" % (name, usage.get(name), expect[name]))
            if "degraded" in expect and bool(outcome.get("degraded")) != bool(expect["degraded"]):
                wrong.append("degraded is %s" % bool(outcome.get("degraded")))
        return not wrong, "; ".join(wrong)

    def print_table(self):
        rows, failed = [], 0
        for case in self.cases:
            ok, wrong = self.judge(case)
            failed += 0 if ok else 1
            outcome = self.outcome(case) or {}
            usage = outcome.get("usage") or {}
            result = outcome.get("event", "-") + (" (%s)" % outcome["code"] if outcome.get("code") else "") + (" degraded" if outcome.get("degraded") else "")
            tokens = usage.get("inputTokens", 0) + usage.get("outputTokens", 0) if usage else "-"
            rows.append(("ok" if ok else "FAILED", case.name, shorten(case.title, 40), result, str(usage.get("turns", "-")), str(usage.get("toolCalls", "-")), str(tokens), wrong))
        heading = ("", "case", "title", "result", "turns", "tools", "tokens")
        widths = [max(len(row[column]) for row in rows + [heading]) for column in range(len(heading))]
        print("  ".join(heading[i].ljust(widths[i]) for i in range(len(heading))).rstrip())
        for row in rows:
            print("  ".join(row[i].ljust(widths[i]) for i in range(len(heading))).rstrip())
            if row[-1]:
                print("        %s" % row[-1])
        print()
        print("%d cases, %d as expected, %d not; %d repeated events ignored." % (len(rows), len(rows) - failed, failed, self.duplicates))
        return failed


def describe(error):
    return str(error) or type(error).__name__


def reason(outcome):
    return " (%s)" % outcome["reason"] if outcome.get("reason") else ""


def shorten(text, length):
    return text if len(text) <= length else text[: length - 3] + "..."


def progress(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def read_cases(path, run, only):
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()
    except OSError as error:
        raise UsageError("cannot read the cases: %s. Name the file with --file." % error)
    cases, names = [], set()
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
        except ValueError as error:
            raise UsageError("%s, line %d is not JSON: %s" % (path, number, error))
        if not isinstance(line, dict) or not isinstance(line.get("invocation"), dict):
            raise UsageError("%s, line %d has no object 'invocation'" % (path, number))
        case = Case(number, line, run)
        if case.name in names:
            raise UsageError("%s, line %d: the case '%s' is there twice" % (path, number, case.name))
        names.add(case.name)
        if not only or case.name in only:
            cases.append(case)
    for name in only or []:
        if name not in names:
            raise UsageError("there is no case '%s' in %s" % (name, path))
    if not cases:
        raise UsageError("there is no case in %s" % path)
    return cases


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=os.environ.get("PIPELINE_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2F"),
                        help="the broker (default: $PIPELINE_AMQP_URL, else guest on 127.0.0.1:5672)")
    parser.add_argument("--file", default=os.path.normpath(DEFAULT_FILE), help="the cases, one JSON object a line (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=180, metavar="SECONDS", help="for everything together (default: %(default)s)")
    parser.add_argument("--connect-timeout", type=float, default=30, metavar="SECONDS", help="for broker and exchanges to be there (default: %(default)s)")
    parser.add_argument("--case", action="append", metavar="NAME", help="only this case (may be repeated)")
    parser.add_argument("--run", default=uuid.uuid4().hex[:8], metavar="ID", help="added to the idempotency keys, so that a file can be submitted again (default: random)")
    parser.add_argument("--strict", action="store_true", help="compare turns, toolCalls and degraded too")
    parser.add_argument("--json", metavar="FILE", help="write what was received, by case, to FILE")
    arguments = parser.parse_args()
    if arguments.timeout <= 0 or arguments.connect_timeout <= 0:
        parser.error("--timeout and --connect-timeout must be more than 0 seconds")
    return arguments


def main():
    arguments = parse_arguments()
    try:
        pika.URLParameters(arguments.url)
        cases = read_cases(arguments.file, arguments.run, arguments.case)
    except UsageError as error:
        sys.stderr.write("error: %s\n" % error)
        return 2
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        sys.stderr.write("error: --url is not an AMQP address (amqp://user:password@host:port/vhost): %s\n" % error)
        return 2

    run = Run(arguments, cases)
    started = time.monotonic()
    try:
        run.connect(started + min(arguments.connect_timeout, arguments.timeout))
        run.work(started + arguments.timeout)
        run.linger(1.0)
    except ConnectionError as error:
        sys.stderr.write("error: %s\n" % error)
        return 1
    except pika.exceptions.AMQPError as error:
        # What was confirmed is safe in the broker, but this process cannot hear of it any more.
        sys.stderr.write("error: the connection to the broker broke: %s\n" % describe(error))
        run.print_table()
        return 1
    failed = run.print_table()
    print("%.1f s." % (time.monotonic() - started))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({case.name: {"invocationId": case.invocation_id, "admission": case.admission, "outcome": run.outcome(case),
                                   "events": run.events.get(case.invocation_id, {})} for case in cases}, file, indent=2, ensure_ascii=False)
    run.connection.close()
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
