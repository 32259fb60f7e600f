using System.Globalization;

namespace Pipeline.Chaos.Tests.Scripts;

/// <summary>One thing that goes wrong, and is right again when <see cref="StrikeAsync"/> returns. Its duration is what is simulated, not a wait for a fact.</summary>
/// <param name="Name">What happens, for the log and the report.</param>
/// <param name="Kind">Faults of one kind are counted together.</param>
/// <param name="StrikeAsync">Does it.</param>
internal sealed record Fault(string Name, string Kind, Func<PipelineDriver, CancellationToken, Task> StrikeAsync)
{
    public static Fault Pause(double seconds) => new($"quiet for {Text(seconds)} s", "", (_, stop) => Lasts(seconds, stop));

    /// <summary>kill -9, and the orchestration system starts it again after a while.</summary>
    public static Fault Kill(string replica, double downSeconds) => new($"kill -9 {replica}, started again after {Text(downSeconds)} s", "kill", async (pipeline, stop) =>
    {
        await pipeline[replica].KillAsync();
        await Lasts(downSeconds, stop);
        pipeline[replica].Start();
    });

    /// <summary>A process that the machine forgets for a while: its work goes to others, then it wakes up and does not know.</summary>
    public static Fault Freeze(string replica, double seconds, bool cutBroker) => new(
        $"SIGSTOP {replica} for {Text(seconds)} s{(cutBroker ? ", its deliveries go to others" : "")}, then SIGCONT",
        "freeze",
        async (pipeline, stop) =>
        {
            await pipeline[replica].FreezeAsync();
            if (cutBroker)
            {
                pipeline.BrokerProxyOf(replica).Reset();
            }

            await Lasts(seconds, stop);
            await pipeline[replica].ThawAsync();
        });

    public static Fault BrokerDown(double seconds, bool kill) => new($"broker {(kill ? "killed" : "stopped")} for {Text(seconds)} s", seconds < 30 ? "broker restart" : "broker outage", async (pipeline, stop) =>
    {
        await pipeline.Servers.DownAsync(kill, "rabbitmq");
        await Lasts(seconds, stop);
        await pipeline.Servers.UpAsync("rabbitmq");
    });

    public static Fault DatabaseDown(double seconds, bool kill) => new($"database {(kill ? "killed" : "stopped")} for {Text(seconds)} s", "database restart", async (pipeline, stop) =>
    {
        await pipeline.Servers.DownAsync(kill, "postgres");
        await Lasts(seconds, stop);
        await pipeline.Servers.UpAsync("postgres");
    });

    public static Fault DatabaseRestarts(int times, double everySeconds) => new($"database restarted {times} times, every {Text(everySeconds)} s", "database restart", async (pipeline, stop) =>
    {
        for (var time = 0; time < times; time++)
        {
            await pipeline.Servers.DownAsync(kill: true, "postgres");
            await pipeline.Servers.UpAsync("postgres");
            await Lasts(everySeconds, stop);
        }
    });

    public static Fault BrokerReset() => Network("connections to the broker reset", "reset", 0, x => x.BrokerProxies, x => x.Reset(), _ => { });

    public static Fault DatabaseReset() => Network("connections to the database reset", "reset", 0, x => x.DatabaseProxies, x => x.Reset(), _ => { });

    public static Fault BrokerSlow(double seconds, int milliseconds) =>
        Network($"{milliseconds} ms of latency to the broker", "latency", seconds, x => x.BrokerProxies, x => x.Latency = TimeSpan.FromMilliseconds(milliseconds), x => x.Latency = TimeSpan.Zero);

    public static Fault DatabaseSlow(double seconds, int milliseconds) =>
        Network($"{milliseconds} ms of latency to the database", "latency", seconds, x => x.DatabaseProxies, x => x.Latency = TimeSpan.FromMilliseconds(milliseconds), x => x.Latency = TimeSpan.Zero);

    public static Fault BrokerHalfOpen(double seconds) =>
        Network("half-open connections to the broker", "half-open", seconds, x => x.BrokerProxies, x => x.HalfOpen(), x => x.EndHalfOpen());

    public static Fault DatabaseHalfOpen(double seconds) =>
        Network("half-open connections to the database", "half-open", seconds, x => x.DatabaseProxies, x => x.HalfOpen(), x => x.EndHalfOpen());

    public static Fault BrokerRefuses(double seconds) => Network("broker accepts no connection", "refusal", seconds, x => x.BrokerProxies, x =>
    {
        x.StopAccepting();
        x.Reset();
    }, x => x.AcceptAgain());

    private static Fault Network(string what, string kind, double seconds, Func<PipelineDriver, IEnumerable<FaultProxy>> proxies, Action<FaultProxy> begin, Action<FaultProxy> end) =>
        new(seconds > 0 ? $"{what} for {Text(seconds)} s" : what, kind, async (pipeline, stop) =>
        {
            var affected = proxies(pipeline).ToList();
            affected.ForEach(begin);
            await Lasts(seconds, stop);
            affected.ForEach(end);
        });

    // Cut short when the run ends: what the fault broke is still mended.
    private static async Task Lasts(double seconds, CancellationToken stop)
    {
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(seconds), stop);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static string Text(double seconds) => seconds.ToString("0.0", CultureInfo.InvariantCulture);
}
