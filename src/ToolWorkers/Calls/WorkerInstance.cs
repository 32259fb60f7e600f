using MassTransit;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>The name of this worker process, unique over restarts: a call that it started in an earlier life is nobody's.</summary>
internal sealed class WorkerInstance
{
    public WorkerInstance() => Name = $"{Environment.MachineName}/{Environment.ProcessId}/{Id}";

    /// <summary>The unique part of <see cref="Name"/>.</summary>
    public string Id { get; } = $"{NewId.NextGuid():N}";

    public string Name { get; }
}
