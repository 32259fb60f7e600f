using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Pipeline.Benchmarks.Invocations;
using Pipeline.Benchmarks.Measurement;
using Pipeline.Benchmarks.Servers;

namespace Pipeline.Benchmarks.Overload;

/// <summary>
/// First the peak: more submissions than are taken at once, nobody waiting for them. Then the load: callers that wait for an answer come at a
/// multiple of that peak, and come back when they were told to. The database is asked ten times a second how many are open.
/// </summary>
internal sealed class OverloadBenchmark(OverloadSettings settings)
{
    private static readonly TimeSpan PeakTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CalmTime = TimeSpan.FromSeconds(30);

    private readonly List<string> _missed = [];

    public async Task<(Figures Figures, IReadOnlyList<string> Missed)> RunAsync(CancellationToken cancellationToken)
    {
        using var agent = new BenchmarkAgent();
        await using var broker = await RabbitVirtualHost.CreateAsync(settings.Servers);
        await using var states = await PostgresDatabase.CreateAsync(settings.Servers.Postgres!, "orchestrator");
        await using var calls = await PostgresDatabase.CreateAsync(settings.Servers.Postgres!, "tools");
        await using var completions = await PostgresDatabase.CreateAsync(settings.Servers.Postgres!, "gateway");
        await using var model = ServiceProcess.Start(
            "model", "Pipeline.Benchmarks", ["serve", BenchmarkService.Model],
            new Dictionary<string, string?> { [ModelEndpoint.DelayVariable] = settings.ModelDelay.TotalMilliseconds.ToString(CultureInfo.InvariantCulture) }, agent.Folder);
        var shared = agent.Settings(model.Url, settings.ModelConcurrency);
        foreach (var (key, value) in RabbitMqInvocations.Bus(broker))
        {
            shared[key] = value;
        }

        shared["Admission__MaxOpen"] = settings.Cap.ToString(CultureInfo.InvariantCulture);
        // The callers of two minutes at ten times the capacity are work for twenty: the last of them must be told so.
        shared["Admission__MaxRetryAfter"] = "01:00:00";
        var orchestratorSettings = RabbitMqInvocations.With(shared, states);
        var toolSettings = RabbitMqInvocations.With(shared, calls);
        await ServiceProcess.RunAsync("Pipeline.Orchestrator", ["--migrate"], orchestratorSettings, agent.Folder, cancellationToken);
        await ServiceProcess.RunAsync("Pipeline.Benchmarks", ["serve", BenchmarkService.Tools, "--migrate"], toolSettings, agent.Folder, cancellationToken);
        var gatewaySettings = RabbitMqInvocations.With(shared, completions);
        await ServiceProcess.RunAsync("Pipeline.LlmGateway", ["--migrate"], gatewaySettings, agent.Folder, cancellationToken);
        await using var tools = ServiceProcess.Start("tools", "Pipeline.Benchmarks", ["serve", BenchmarkService.Tools], toolSettings, agent.Folder);
        await using var gateway = ServiceProcess.Start("gateway", "Pipeline.LlmGateway", [], gatewaySettings, agent.Folder);
        await using var first = ServiceProcess.Start("orchestrator-1", "Pipeline.Orchestrator", [], orchestratorSettings, agent.Folder);
        await using var second = ServiceProcess.Start("orchestrator-2", "Pipeline.Orchestrator", [], orchestratorSettings, agent.Folder);
        ServiceProcess[] services = [model, tools, gateway, first, second];
        foreach (var service in services)
        {
            await service.WhenReadyAsync(cancellationToken);
        }

        await using var callers = await ObedientCallers.ConnectAsync(broker.Uri, cancellationToken);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sampling = SampleAsync(states, over.Token);
        var peak = await PeakAsync(callers, states, cancellationToken);
        Say($"peak {peak:0.0} invocations/s");

        ProcessTree[] watched = [first.Tree, second.Tree, gateway.Tree, tools.Tree];
        var memoryBefore = Memory(watched);
        var (calling, goodput) = await LoadAsync(callers, peak, cancellationToken);
        var memoryAfterLoad = Memory(watched);
        var backlog = await CalmAsync(broker, states, cancellationToken);
        await WhenAllCalledAsync(calling, callers, cancellationToken);
        var memoryAfter = Memory(watched);
        await Eventually(async () => await OpenAsync(states) == 0, TimeSpan.FromMinutes(2), cancellationToken);
        var openAtEnd = await OpenAsync(states);
        await over.CancelAsync();
        var (most, mostCounted, samples) = await sampling;

        var retried = callers.AcceptedAtRetry + callers.DeferredAtRetry;
        var acceptedShare = retried == 0 ? 1 : (double)callers.AcceptedAtRetry / retried;
        var growth = watched.Select((_, index) => memoryAfter[index] / Math.Max(1, memoryAfterLoad[index])).Max();
        Target(most <= settings.Cap && mostCounted <= settings.Cap, $"'{Math.Max(most, mostCounted)}' were open, the cap is '{settings.Cap}'");
        Target(callers.DeferredWithoutRetryAfter == 0, $"'{callers.DeferredWithoutRetryAfter}' deferrals had no retry-after");
        Target(callers.Silent == 0 && callers.Refused == 0, $"'{callers.Silent}' callers heard nothing, '{callers.Refused}' were refused");
        Target(acceptedShare >= 0.9, $"'{acceptedShare:P1}' were accepted at their first retry");
        Target(goodput >= 0.9 * peak, $"goodput was '{goodput:0.00}' of a peak of '{peak:0.00}' a second");
        Target(backlog.Ready == 0 && backlog.Open <= settings.Cap, $"'{backlog.Ready}' messages were ready and '{backlog.Open}' open 30 s after the load");
        Target(growth < 1.5, $"a process grew '{growth:0.00}' times after the load had ended");
        Target(openAtEnd == 0, $"'{openAtEnd}' invocations did not end");
        var figures = new Figures("overload")
            .Add("peak goodput, invocations/s", peak)
            .Add("offered, callers/s", peak * settings.Times)
            .Add("load, s", settings.Load.TotalSeconds)
            .Add("callers", calling.Count)
            .Add("cap", settings.Cap)
            .Add("most open at once (rows)", most)
            .Add("most open at once (counter)", mostCounted)
            .Add("samples of the database", samples)
            .Add("accepted at once", callers.AcceptedAtFirst)
            .Add("deferred", callers.Deferred)
            .Add("deferred without retry-after", callers.DeferredWithoutRetryAfter)
            .Add("retried", retried)
            .Add("accepted at the first retry", callers.AcceptedAtRetry)
            .Add("accepted at the first retry, %", 100 * acceptedShare)
            .Add("refused", callers.Refused)
            .Add("silence", callers.Silent)
            .Add("goodput under load, invocations/s", goodput)
            .Add("goodput under load, % of the peak", 100 * goodput / peak)
            .Add("messages ready 30 s after the load", backlog.Ready)
            .Add("open 30 s after the load", backlog.Open)
            .Add("answer p50, ms", Percentile.Of([.. callers.AnswerMilliseconds], 50))
            .Add("answer p99, ms", Percentile.Of([.. callers.AnswerMilliseconds], 99))
            .Add("retry-after p50, s", Percentile.Of([.. callers.RetryAfterSeconds.Select(x => (double)x)], 50))
            .Add("retry-after most, s", callers.RetryAfterSeconds.DefaultIfEmpty(0).Max());
        for (var index = 0; index < watched.Length; index++)
        {
            figures.Add($"MB of {watched[index].Name} before the load", memoryBefore[index]).Add($"MB of {watched[index].Name} at its end", memoryAfterLoad[index]).Add($"MB of {watched[index].Name} after all retries", memoryAfter[index]);
        }

        return (figures, _missed);
    }

    private void Target(bool isMet, string otherwise)
    {
        if (!isMet)
        {
            _missed.Add(otherwise);
        }
    }

    /// <summary>Completions a second while there is always more to do.</summary>
    private async Task<double> PeakAsync(ObedientCallers callers, PostgresDatabase states, CancellationToken cancellationToken)
    {
        var perSecond = settings.ModelConcurrency / settings.ModelDelay.TotalSeconds / 2;
        var enough = (int)(perSecond * (PeakTime.TotalSeconds + 25));
        for (var number = 0; number < enough; number++)
        {
            await callers.PublishAsync($"peak-{number}", cancellationToken);
        }

        // The start of the processes is no part of it.
        await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
        var (before, since) = (callers.Completed, Stopwatch.GetTimestamp());
        await Task.Delay(PeakTime, cancellationToken);
        var peak = (callers.Completed - before) / Stopwatch.GetElapsedTime(since).TotalSeconds;
        await Eventually(() => Task.FromResult(callers.Completed >= enough), TimeSpan.FromMinutes(3), cancellationToken);
        await Eventually(async () => await OpenAsync(states) == 0, TimeSpan.FromMinutes(1), cancellationToken);
        return peak;
    }

    private async Task<(List<Task> Calling, double Goodput)> LoadAsync(ObedientCallers callers, double peak, CancellationToken cancellationToken)
    {
        var rate = peak * settings.Times;
        var calling = new List<Task>();
        var started = Stopwatch.GetTimestamp();
        var completedBefore = callers.Completed;
        // The pipeline fills first: goodput is counted from the moment on that it could be at its peak.
        var fill = TimeSpan.FromSeconds(Math.Min(5, settings.Load.TotalSeconds / 4));
        (int Completed, long At)? filled = null;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (Stopwatch.GetElapsedTime(started) is var elapsed && elapsed < settings.Load)
        {
            for (var due = (int)(elapsed.TotalSeconds * rate); calling.Count < due;)
            {
                calling.Add(callers.CallAsync($"load-{calling.Count}", cancellationToken));
            }

            if (filled is null && elapsed >= fill)
            {
                filled = (callers.Completed, Stopwatch.GetTimestamp());
            }

            if (calling.Count % 500 < (int)(rate * 0.02) + 1)
            {
                Say($"{elapsed.TotalSeconds:0} s: {calling.Count} callers, {callers.AcceptedAtFirst + callers.AcceptedAtRetry} accepted, {callers.Deferred} deferred, {callers.Completed - completedBefore} completed");
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }

        var from = filled ?? (completedBefore, started);
        return (calling, (callers.Completed - from.Item1) / Stopwatch.GetElapsedTime(from.Item2).TotalSeconds);
    }

    private static async Task<(double Ready, double Open)> CalmAsync(RabbitVirtualHost broker, PostgresDatabase states, CancellationToken cancellationToken)
    {
        await Task.Delay(CalmTime, cancellationToken);
        await using var connection = await new RabbitMQ.Client.ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync(cancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        var ready = await channel.MessageCountAsync(Contracts.QueueName.Invocations(BenchmarkAgent.Name), cancellationToken) + await channel.MessageCountAsync(Contracts.QueueName.WaitingInvocations(BenchmarkAgent.Name), cancellationToken);
        return (ready, await OpenAsync(states));
    }

    private static async Task WhenAllCalledAsync(List<Task> calling, ObedientCallers callers, CancellationToken cancellationToken)
    {
        var all = Task.WhenAll(calling);
        while (!all.IsCompleted)
        {
            await Task.WhenAny(all, Task.Delay(TimeSpan.FromSeconds(30), cancellationToken));
            Say($"{calling.Count(x => !x.IsCompleted)} callers left, {callers.AcceptedAtRetry} accepted at their retry, {callers.DeferredAtRetry} deferred again");
        }

        await all;
    }

    private static async Task<(double MostRows, double MostCounted, double Samples)> SampleAsync(PostgresDatabase states, CancellationToken cancellationToken)
    {
        double mostRows = 0, mostCounted = 0, samples = 0;
        await using var connection = new NpgsqlConnection(states.ConnectionString());
        await connection.OpenAsync(CancellationToken.None);
        // Both in one snapshot.
        await using var command = new NpgsqlCommand("SELECT (SELECT count(*) FROM invocations WHERE \"EndedAt\" IS NULL), (SELECT coalesce(max(\"Open\"), 0) FROM agent_admissions)", connection);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await using var row = await command.ExecuteReaderAsync(cancellationToken);
                await row.ReadAsync(cancellationToken);
                (mostRows, mostCounted, samples) = (Math.Max(mostRows, row.GetInt64(0)), Math.Max(mostCounted, row.GetInt32(1)), samples + 1);
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }

        return (mostRows, mostCounted, samples);
    }

    private static Task<double> OpenAsync(PostgresDatabase states) => states.QueryAsync("SELECT count(*) FROM invocations WHERE \"EndedAt\" IS NULL");

    private static double[] Memory(ProcessTree[] processes) => [.. processes.Select(x => x.ResidentMegabytes() ?? 0)];

    private static async Task Eventually(Func<Task<bool>> holds, TimeSpan limit, CancellationToken cancellationToken)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await holds() && Stopwatch.GetElapsedTime(since) < limit)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(250), cancellationToken);
        }
    }

    private static void Say(string text) => Console.Error.WriteLine($"  {text}");
}
