namespace Pipeline.ToolWorkers.Circuits;

/// <summary>Runs of one tool that ignore their cancellation: given up on, and counted until they end.</summary>
internal sealed class AbandonedCalls(string tool, int max, ILogger logger)
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>True where there are so many that another call must not begin.</summary>
    public bool IsFull => Count >= max;

    /// <summary>Counts a run that was given up on until it ends, however it ends.</summary>
    public void Add(Task run, string callId)
    {
        Interlocked.Increment(ref _count);
        run.ContinueWith(
            ended =>
            {
                Interlocked.Decrement(ref _count);
                var thrown = ended.Exception?.InnerException;
                logger.AbandonedCallEnded(thrown, tool, callId, ended.Status);
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }
}
