using System.Globalization;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>The id of a tool call, unique over all invocations and the idempotency key towards the outside: <c>&lt;invocation&gt;-&lt;turn&gt;-&lt;index&gt;</c>.</summary>
internal static class ToolCallId
{
    public static string Of(Guid invocation, int turn, int index) => string.Create(CultureInfo.InvariantCulture, $"{invocation:N}-{turn}-{index}");

    /// <summary>The call's place in its turn; null for an id that is not of this invocation and turn.</summary>
    public static int? IndexIn(Guid invocation, int turn, string callId)
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"{invocation:N}-{turn}-");
        return callId.StartsWith(prefix, StringComparison.Ordinal)
            && int.TryParse(callId.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                ? index
                : null;
    }
}
