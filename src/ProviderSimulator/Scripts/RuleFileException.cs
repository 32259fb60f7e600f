namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>A rule file that cannot be used; says everything that is wrong with it at once.</summary>
public sealed class RuleFileException(string file, IReadOnlyList<string> problems)
    : Exception($"The rule file '{file}' cannot be used:{Environment.NewLine}{string.Join(Environment.NewLine, problems.Select(p => "  - " + p))}")
{
    public string File { get; } = file;

    /// <summary>One line each: where in the file, what is wrong, what to do.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
