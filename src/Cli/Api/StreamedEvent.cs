using System.Text.Json;

namespace Pipeline.Cli.Api;

/// <summary>One event of an invocation's stream.</summary>
internal sealed record StreamedEvent(string? Id, string Name, JsonElement Data);
