using System.Diagnostics;
using Pipeline.Benchmarks.Measurement;
using Pipeline.LlmGateway.Holding;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>What it costs to decide who goes next, with very many waiting: in this process, on one thread, as the owner's loop does it.</summary>
internal sealed class DecisionSpeed(LimiterSettings settings) : ILimiterScenario
{
    private const int Tenants = 1000;
    private const int Decisions = 200_000;
    private const int WarmUp = 20_000;
    private const string Pool = "decisions";

    // Calls in work at once: their reservations are what the domain carries along.
    private const int InWork = 500;

    public Task<LimiterResult> RunAsync(CancellationToken cancellationToken)
    {
        var targets = new Targets();
        var granted = Measure(unlimited: true, cancellationToken);
        var refused = Measure(unlimited: false, cancellationToken);
        targets.Most("decision to send, p99 µs", granted["p99, µs"], 100);
        targets.Most("decision to wait, p99 µs", refused["p99, µs"], 100);
        targets.Least("decisions to send a second", granted["decisions/s"], 5000);
        return Task.FromResult(new LimiterResult([granted, refused], [], targets, $"{settings.Held} held of {Tenants} tenants, two priorities, {InWork} calls in work. To send: Peek, TryReserve, Take. To wait: Peek and a TryReserve that says how long."));
    }

    private Figures Measure(bool unlimited, CancellationToken cancellationToken)
    {
        var time = new ShiftedTime();
        var queue = new HoldQueue(new HoldQueueOptions { MaxHeld = settings.Held + 1, BatchAgesAfter = TimeSpan.FromHours(1) }, time);
        var domain = new LimitDomain(
            Pool,
            new LimitDomainOptions
            {
                RequestsPerMinute = unlimited ? 10_000_000 : 1,
                TokensPerMinute = unlimited ? 1_000_000_000 : 100_000,
                Concurrency = 10_000,
            },
            ChargeModel.LargerOfPromptAndMaxTokens,
            time);
        var sizes = new RequestSizes(11);
        for (var number = 0; number < settings.Held; number++)
        {
            queue.Add(Request(number));
        }

        // Buckets start empty; nobody is to wait for the first minute here.
        time.Shift = unlimited ? TimeSpan.FromMinutes(2) : TimeSpan.Zero;
        IReadOnlyList<string> pools = [Pool];
        var inWork = new Queue<Reservation>();
        var nanoseconds = new double[Decisions];
        var total = TimeSpan.Zero;
        var (sent, waited) = (0, 0);
        for (var decision = -WarmUp; decision < Decisions; decision++)
        {
            if (decision % 1024 == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            var started = Stopwatch.GetTimestamp();
            var request = queue.Peek(pools)!;
            var charge = domain.ChargeOf(request.PromptTokens, request.MaxOutputTokens, request.MaxOutputTokens);
            var reservation = domain.TryReserve(charge, out _);
            if (reservation is not null)
            {
                queue.Take(request, charge.AtArrival.Tokens);
            }

            var took = Stopwatch.GetElapsedTime(started);
            if (decision >= 0)
            {
                nanoseconds[decision] = took.TotalNanoseconds;
                total += took;
                _ = reservation is null ? waited++ : sent++;
            }

            if (reservation is not null)
            {
                inWork.Enqueue(reservation);
                queue.Add(Request(settings.Held + WarmUp + decision));
            }

            if (inWork.Count > InWork)
            {
                domain.Settle(inWork.Dequeue(), request.PromptTokens, 10);
            }
        }

        return new Figures(unlimited ? "to send" : "to wait")
            .Add("decisions", Decisions)
            .Add("that sent", sent)
            .Add("that wait", waited)
            .Add("p50, µs", Percentile.Of(nanoseconds, 50) / 1000)
            .Add("p99, µs", Percentile.Of(nanoseconds, 99) / 1000)
            .Add("longest, µs", nanoseconds.Max() / 1000)
            .Add("decisions/s", Decisions / total.TotalSeconds)
            .Add("held", queue.Count);

        HeldRequest Request(int number)
        {
            var size = sizes.Next();
            var now = time.GetUtcNow();
            return new HeldRequest
            {
                InvocationId = MassTransit.NewId.NextGuid(),
                Turn = 1,
                Tenant = $"tenant-{number % Tenants}",
                Agent = "bench",
                AskedPool = Pool,
                Pool = Pool,
                IsInteractive = number % 5 != 0,
                EnqueuedAt = now,
                Deadline = now.AddHours(1 + (number % 7)),
                PromptTokens = size.Prompt,
                MaxOutputTokens = size.MaxOutput,
            };
        }
    }

    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Shift.TotalSeconds * TimestampFrequency);
    }
}
