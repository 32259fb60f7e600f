using System.Text.RegularExpressions;

namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>A condition on one tool result.</summary>
internal sealed class ResultMatcher
{
    public string? Tool { get; init; }

    public Regex? Content { get; init; }

    public string[] ContentGroups { get; init; } = [];

    public IReadOnlyList<(JsonPath Path, ValueCondition Condition)> Json { get; init; } = [];

    public IReadOnlyList<(string Name, JsonPath Path)> Captures { get; init; } = [];

    public ElementSearch? Find { get; init; }

    /// <summary>Captures stay in the set only if everything matched.</summary>
    public bool Matches(ToolResult result, CaptureSet captures)
    {
        int mark = captures.Count;
        if ((Tool is null || Tool == result.Tool) && MatchesContent(result, captures) && MatchesJson(result, captures)
            && (Find is null || Find.Matches(result, captures)))
        {
            return true;
        }

        captures.TruncateTo(mark);
        return false;
    }

    private bool MatchesContent(ToolResult result, CaptureSet captures)
    {
        if (Content is null)
        {
            return true;
        }

        Match match = Content.Match(result.Content);
        captures.Add(match, ContentGroups);
        return match.Success;
    }

    private bool MatchesJson(ToolResult result, CaptureSet captures)
    {
        foreach ((JsonPath path, ValueCondition condition) in Json)
        {
            if (!condition.Matches(path.Read(result), captures))
            {
                return false;
            }
        }

        foreach ((string name, JsonPath path) in Captures)
        {
            if (path.Read(result) is not { } value)
            {
                return false;
            }

            captures.Add(name, value);
        }

        return true;
    }
}
