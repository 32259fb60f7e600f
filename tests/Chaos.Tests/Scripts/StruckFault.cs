namespace Pipeline.Chaos.Tests.Scripts;

/// <summary>A fault as it happened.</summary>
internal sealed record StruckFault(string Name, string Kind, DateTime From, DateTime To);
