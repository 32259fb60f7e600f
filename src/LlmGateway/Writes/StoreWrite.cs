namespace Pipeline.LlmGateway.Writes;

/// <summary>One change of the store, written together with those that wait beside it.</summary>
internal abstract class StoreWrite
{
    private readonly TaskCompletionSource _committed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the change is committed; fails where it was refused for good, or another process is the owner.</summary>
    public Task Committed => _committed.Task;

    /// <summary>Puts the change into the batch. Called again, from the start, where a batch is repeated.</summary>
    public abstract void Apply(WriteBatch batch);

    /// <summary>The commit is done. Runs in the writer: must not wait.</summary>
    /// <param name="batch">What was committed.</param>
    public virtual void Done(WriteBatch batch) => _committed.TrySetResult();

    public void Fail(Exception reason)
    {
        _committed.TrySetException(reason);

        // Nobody need wait for it: an exception that nobody saw is not news.
        _ = _committed.Task.Exception;
    }
}
