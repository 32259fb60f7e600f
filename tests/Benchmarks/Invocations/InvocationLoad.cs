using System.Diagnostics;
using MassTransit;

namespace Pipeline.Benchmarks.Invocations;

/// <summary>A closed loop: so many invocations at a time, the next when one has ended.</summary>
internal static class InvocationLoad
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    public static async Task<(TerminalEvents Events, TimeSpan Elapsed)> RunAsync(ISubmitter submitter, int count, int concurrency, CancellationToken cancellationToken)
    {
        var events = new TerminalEvents();
        submitter.Events = events;
        var began = Stopwatch.GetTimestamp();
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken }, async (_, token) =>
        {
            var invocation = NewId.NextGuid();
            var end = events.Expect(invocation);
            await submitter.SubmitAsync(invocation, token);
            try
            {
                await end.WaitAsync(Patience, token);
            }
            catch (TimeoutException)
            {
                // Counted as lost.
            }
        });
        return (events, Stopwatch.GetElapsedTime(began));
    }
}
