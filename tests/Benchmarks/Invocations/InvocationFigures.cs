using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Invocations;

/// <summary>What both transports report alike.</summary>
internal static class InvocationFigures
{
    public static Figures Of(string name, int count, TerminalEvents events, TimeSpan elapsed, CpuUse cpu) => new Figures(name)
        .Add("invocations/s", count / elapsed.TotalSeconds)
        .Add("p50 ms", Percentile.Of(events.Milliseconds, 50))
        .Add("p95 ms", Percentile.Of(events.Milliseconds, 95))
        .Add("p99 ms", Percentile.Of(events.Milliseconds, 99))
        .AddRange(cpu.Per(count).Select(x => (x.Name + "/invocation", x.Value)))
        .Add("invocations/s that the CPU time allows on 2 cores", cpu.Milliseconds.Values.Any(x => x is null) ? null : 2000 * count / cpu.Milliseconds.Values.Sum())
        .Add("lost", events.Lost)
        .Add("duplicated", events.Duplicated)
        .Add("ended otherwise than completed", events.NotCompleted)
        .Add("other processes, % of the machine", cpu.OthersShare * 100);

    public static bool AreClean(Figures figures) =>
        figures["lost"] == 0 && figures["duplicated"] == 0 && figures["ended otherwise than completed"] == 0 && figures["invocations not completed in the database"] is null or 0
        && figures["timeline entries too many or too few"] is null or 0;
}
