namespace Pipeline.LlmGateway.Ownership;

/// <summary>Another process has taken the domains: nothing was written, and nothing will be.</summary>
internal sealed class FencedException(string group, long epoch)
    : Exception($"The domains of '{group}' are no longer owned at epoch '{epoch}': another gateway has taken them. This one stands by.");
