namespace Pipeline.LlmGateway.Keys;

/// <summary>
/// A provider's key under the name that may be shown. Two are the same key if they are the same object: a changed value is a new key.
/// </summary>
/// <param name="alias">The name in logs, metrics, rows and routes.</param>
/// <param name="value">The secret; goes into a request's header and nowhere else.</param>
internal sealed class ApiKey(string alias, string value)
{
    public string Alias => alias;

    /// <summary>A method, not a property: what lists an object's properties (serialisers, structured logs) must not find it.</summary>
    public string Reveal() => value;

    /// <returns>The alias.</returns>
    public override string ToString() => alias;
}
