namespace Pipeline.LlmGateway.Tests.Fixtures;

/// <summary>A request that a scripted provider received.</summary>
internal sealed record ProviderCall(int Number, string Path, IReadOnlyDictionary<string, string> Headers, string Body);
