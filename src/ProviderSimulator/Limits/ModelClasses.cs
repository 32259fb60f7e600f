namespace Pipeline.ProviderSimulator.Limits;

/// <summary>Which models share limits. The classes are fixed by the options, so callers cannot make their number grow.</summary>
internal sealed class ModelClasses
{
    private readonly (string Prefix, string Class)[] _prefixes;

    public ModelClasses(ProviderSimulatorOptions options)
    {
        // The longest prefix wins, so that gpt-4.1-mini can leave the class of gpt-4.1.
        _prefixes = [.. options.ModelClasses.OrderByDescending(x => x.Key.Length).Select(x => (x.Key, x.Value))];
        All = [.. _prefixes.Select(x => x.Class).Append("").Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Every class; the empty name is that of the models without one.</summary>
    public IReadOnlyList<string> All { get; }

    public string Of(string model) => Array.Find(_prefixes, x => model.StartsWith(x.Prefix, StringComparison.Ordinal)).Class ?? "";
}
