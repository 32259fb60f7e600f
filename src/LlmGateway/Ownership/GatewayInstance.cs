using MassTransit;

namespace Pipeline.LlmGateway.Ownership;

/// <summary>The name of this gateway process, unique over restarts: what an earlier one owned is not its own.</summary>
internal sealed class GatewayInstance
{
    public string Name { get; } = $"{Environment.MachineName}/{Environment.ProcessId}/{NewId.NextGuid():N}";
}
