using System.Text.Json;

namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>Looks for elements of a list in a tool's result and captures members of the one it picks.</summary>
internal sealed class ElementSearch
{
    public required JsonPath In { get; init; }

    public IReadOnlyList<(JsonPath Path, ValueCondition Condition)> Where { get; init; } = [];

    public int Min { get; init; } = 1;

    public int Max { get; init; } = int.MaxValue;

    /// <summary>Which of the found elements: 0 is the first, -1 the last.</summary>
    public int Pick { get; init; }

    public IReadOnlyList<(string Name, JsonPath Path)> Captures { get; init; } = [];

    public bool Matches(ToolResult result, CaptureSet captures)
    {
        if (In.Read(result) is not { ValueKind: JsonValueKind.Array } list)
        {
            return false;
        }

        var found = new List<JsonElement>();
        foreach (JsonElement element in list.EnumerateArray())
        {
            int mark = captures.Count;
            if (Where.All(w => w.Condition.Matches(w.Path.Read(element), captures)))
            {
                found.Add(element);
            }
            else
            {
                captures.TruncateTo(mark);
            }
        }

        if (found.Count < Min || found.Count > Max)
        {
            return false;
        }

        int index = Pick < 0 ? found.Count + Pick : Pick;
        if (index < 0 || index >= found.Count)
        {
            // With min 0 "nothing found" is what the rule asked for; otherwise the pick asks for more than there is.
            return found.Count == 0;
        }

        foreach ((string name, JsonPath path) in Captures)
        {
            if (path.Read(found[index]) is { } value)
            {
                captures.Add(name, value);
            }
        }

        return true;
    }
}
