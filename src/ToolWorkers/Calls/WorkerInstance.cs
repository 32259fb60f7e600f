using MassTransit;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>The name of this worker process, unique over restarts: a call that it started in an earlier life is nobody's.</summary>
internal sealed class WorkerInstance
{
    public string Name { get; } = $"{Environment.MachineName}/{Environment.ProcessId}/{NewId.NextGuid():N}";
}
