namespace Pipeline.Cli.Api;

/// <summary>The environment variables in which the address and the key of a service other than the orchestrator are looked for first.</summary>
internal sealed record ServiceVariables(string Url, string Key);
