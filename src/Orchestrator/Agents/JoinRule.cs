using System.Text.Json.Serialization;

namespace Pipeline.Orchestrator.Agents;

/// <summary>
/// When the parallel tool calls of a turn have been waited for long enough. Whatever the rule, no result that came is discarded, and the
/// model is told of every call that is not awaited any longer.
/// </summary>
/// <param name="Kind">The kind.</param>
/// <param name="Count">For <see cref="JoinKind.AtLeast"/>: how many results; a fallback is recorded but does not count.</param>
[JsonConverter(typeof(JoinRuleConverter))]
public sealed record JoinRule(JoinKind Kind, int Count = 0)
{
    /// <summary>The rule where none is declared.</summary>
    public static JoinRule AllSettled { get; } = new(JoinKind.AllSettled);

    /// <summary>As the agent's file writes it.</summary>
    public override string ToString() => Kind switch
    {
        JoinKind.All => "all",
        JoinKind.AtLeast when Count == 1 => "firstSuccess",
        JoinKind.AtLeast => $"atLeast {Count}",
        _ => "allSettled",
    };
}
