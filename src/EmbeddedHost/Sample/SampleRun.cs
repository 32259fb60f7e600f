using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Status;
using Spectre.Console;

namespace Pipeline.EmbeddedHost.Sample;

/// <summary>What to submit, and how to judge it.</summary>
internal sealed record SampleRunSettings(IReadOnlyList<SampleCase> Cases, Uri Url, TimeSpan Timeout, bool CompareOutcomes, string? Timeline);

/// <summary>Submits the cases, waits until every one has ended, and reports.</summary>
internal sealed class SampleRun(SampleRunSettings settings, IBus bus, AgentCatalog agents, TerminalEvents events, IServiceScopeFactory scopes, TimeProvider time)
{
    private const int SubmittedAtOnce = 16;

    // It runs in the process that it asks.
    private static readonly Caller Everything = new(null, IsOperator: true);

    private readonly List<SampleResult> _results = [.. settings.Cases.Select(x => new SampleResult(x))];

    /// <returns>True where every case ended as expected.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(settings.Timeout);
        var started = time.GetTimestamp();
        try
        {
            await AnsiConsole.Progress().HideCompleted(false).StartAsync(async progress =>
            {
                var submitted = progress.AddTask("submitted", maxValue: _results.Count);
                var ended = progress.AddTask("ended", maxValue: _results.Count);
                await Parallel.ForEachAsync(_results, new ParallelOptions { MaxDegreeOfParallelism = SubmittedAtOnce, CancellationToken = limit.Token }, async (result, token) =>
                {
                    await SubmitAsync(result, token);
                    submitted.Increment(1);
                });
                await WaitForEndAsync(ended, limit.Token);
            });
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]Not every case had ended after {settings.Timeout}. Raise --timeout, or look into the log; a second run goes on with what is open.[/]");
        }

        await ReadOutcomesAsync(cancellationToken);
        var report = new SampleReport(settings, _results, time.GetElapsedTime(started));
        var asExpected = await report.WriteAsync(cancellationToken);
        await WriteTimelineAsync(report, cancellationToken);
        return asExpected;
    }

    private async Task SubmitAsync(SampleResult result, CancellationToken cancellationToken)
    {
        var submission = result.Case.Invocation;
        var queue = agents.Find(submission.Agent) is null ? QueueName.UnroutedInvocations : QueueName.Invocations(submission.Agent);
        var client = bus.CreateRequestClient<SubmitInvocation>(new Uri($"exchange:{queue}"), RequestTimeout.After(s: 60));
        var answer = await client.GetResponse<InvocationEvent>(submission, cancellationToken);
        result.Admission = answer.Message;
    }

    private async Task WaitForEndAsync(ProgressTask ended, CancellationToken cancellationToken)
    {
        // Events tell of most at once; what an earlier run finished tells nothing any more and is asked for.
        var asked = TimeSpan.Zero;
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        do
        {
            foreach (var result in _results.Where(x => !x.HasEnded && events.HasEnded(x.InvocationId)))
            {
                result.HasEnded = true;
            }

            if ((asked += tick.Period) >= TimeSpan.FromSeconds(1))
            {
                asked = TimeSpan.Zero;
                await AskAsync(cancellationToken);
            }

            ended.Value = _results.Count(x => x.HasEnded);
        }
        while (_results.Exists(x => !x.HasEnded) && await tick.WaitForNextTickAsync(cancellationToken));
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var queries = scope.ServiceProvider.GetRequiredService<InvocationQueries>();
        foreach (var result in _results.Where(x => !x.HasEnded))
        {
            result.HasEnded = (await queries.FindAsync(result.InvocationId, Everything, cancellationToken))?.EndedAt is not null;
        }
    }

    private async Task ReadOutcomesAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var queries = scope.ServiceProvider.GetRequiredService<InvocationQueries>();
        foreach (var result in _results)
        {
            result.Invocation = await queries.FindAsync(result.InvocationId, Everything, cancellationToken);
        }
    }

    private async Task WriteTimelineAsync(SampleReport report, CancellationToken cancellationToken)
    {
        if (report.CaseForTimeline() is not { Invocation: { } invocation } shown)
        {
            return;
        }

        await using var scope = scopes.CreateAsyncScope();
        var timeline = await scope.ServiceProvider.GetRequiredService<InvocationQueries>().TimelineAsync(invocation.InvocationId, 0, Everything, cancellationToken);
        SampleReport.WriteTimeline(shown, timeline ?? []);
    }
}
