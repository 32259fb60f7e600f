using System.Collections.Concurrent;
using System.Diagnostics;

namespace Pipeline.Benchmarks.Invocations;

/// <summary>The load's own book: what it submitted, and which terminal events came for it.</summary>
internal sealed class TerminalEvents
{
    private readonly ConcurrentDictionary<Guid, Submission> _submissions = new();
    private int _unknown;

    public Task Expect(Guid invocation)
    {
        var submission = new Submission { Began = Stopwatch.GetTimestamp() };
        _submissions[invocation] = submission;
        return submission.End.Task;
    }

    public void Heard(Guid invocation, string name)
    {
        if (!_submissions.TryGetValue(invocation, out var submission))
        {
            Interlocked.Increment(ref _unknown);
            return;
        }

        if (Interlocked.Increment(ref submission.Events) == 1)
        {
            submission.Milliseconds = Stopwatch.GetElapsedTime(submission.Began).TotalMilliseconds;
            submission.Completed = name == Contracts.Invocations.InvocationEventName.Completed;
            submission.End.TrySetResult();
        }
    }

    /// <summary>Submissions without a terminal event.</summary>
    public int Lost => _submissions.Values.Count(x => x.Events == 0);

    /// <summary>Terminal events beyond the first of an invocation, and those of invocations that nobody submitted.</summary>
    public int Duplicated => _submissions.Values.Sum(x => Math.Max(0, x.Events - 1)) + _unknown;

    public int NotCompleted => _submissions.Values.Count(x => x.Events > 0 && !x.Completed);

    public IReadOnlyList<double> Milliseconds => [.. _submissions.Values.Where(x => x.Events > 0).Select(x => x.Milliseconds)];

    private sealed class Submission
    {
        public int Events;

        public long Began { get; init; }

        public double Milliseconds { get; set; }

        public bool Completed { get; set; }

        public TaskCompletionSource End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
