using System.Text.Json;

namespace Pipeline.ToolWorkers.Manifests;

/// <summary>Reads the <c>breaker</c> member of a manifest.</summary>
internal sealed class BreakerReader(ManifestMembers members)
{
    private static readonly string[] Members =
        ["failureRatio", "slowCallRatio", "slowCallSeconds", "minimumThroughput", "samplingSeconds", "breakSeconds", "breakGrowth", "maxBreakSeconds"];

    public BreakerSettings Read(JsonElement root)
    {
        if (!root.TryGetProperty("breaker", out var breaker))
        {
            return new BreakerSettings();
        }

        if (breaker.ValueKind != JsonValueKind.Object)
        {
            members.Report("$.breaker", $"is {ManifestMembers.Describe(breaker)}, not an object. Write {{\"failureRatio\": 0.5, \"minimumThroughput\": 5, \"samplingSeconds\": 30, \"breakSeconds\": 5}}.");
            return new BreakerSettings();
        }

        members.RefuseUnknown(breaker, "$.breaker", Members);
        var breakSeconds = members.Number(breaker, "$.breaker", "breakSeconds", 0.5, 3600, 1);
        // A break that was declared is not shortened by the default of a limit that was not.
        var maxBreakSeconds = members.Number(breaker, "$.breaker", "maxBreakSeconds", 0.5, 3600, Math.Max(2, breakSeconds));
        if (maxBreakSeconds < breakSeconds)
        {
            members.Report("$.breaker.maxBreakSeconds", $"is less than breakSeconds. Write at least {breakSeconds}.");
        }

        return new BreakerSettings
        {
            FailureRatio = members.Number(breaker, "$.breaker", "failureRatio", 0.01, 1, 0.5),
            SlowCallRatio = members.Number(breaker, "$.breaker", "slowCallRatio", 0.01, 1, 0.8),
            SlowCall = breaker.TryGetProperty("slowCallSeconds", out _) ? TimeSpan.FromSeconds(members.Number(breaker, "$.breaker", "slowCallSeconds", 0.01, 600, 1)) : null,
            MinimumThroughput = members.Integer(breaker, "$.breaker", "minimumThroughput", 2, 100_000, 5),
            Sampling = TimeSpan.FromSeconds(members.Number(breaker, "$.breaker", "samplingSeconds", 0.5, 3600, 30)),
            Break = TimeSpan.FromSeconds(breakSeconds),
            BreakGrowth = members.Number(breaker, "$.breaker", "breakGrowth", 1, 10, 2),
            MaxBreak = TimeSpan.FromSeconds(maxBreakSeconds),
        };
    }
}
