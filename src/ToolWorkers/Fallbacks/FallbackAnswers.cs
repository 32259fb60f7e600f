using System.Globalization;
using System.Text.Json;
using Pipeline.Contracts.ToolCalls;
using Pipeline.ToolWorkers.Calls;
using Pipeline.ToolWorkers.Manifests;

namespace Pipeline.ToolWorkers.Fallbacks;

/// <summary>Answers in a tool's place, as its manifest declares.</summary>
internal sealed class FallbackAnswers(LastGoodResults lastGood, ToolMetrics metrics, TimeProvider time)
{
    /// <param name="tool">The tool that does not answer.</param>
    /// <param name="call">Its call.</param>
    /// <param name="arguments">The checked arguments.</param>
    /// <param name="code">Why it does not answer.</param>
    /// <param name="duration">How long the tool ran.</param>
    /// <param name="cancellationToken">Of the delivery.</param>
    public async Task<ToolAnswer> AnswerAsync(ServedTool tool, RunTool call, JsonElement arguments, string code, TimeSpan duration, CancellationToken cancellationToken)
    {
        var fallback = tool.Manifest.Fallback;
        var answer = ToolAnswer.Fallback(fallback.Content, code, duration);
        // A stand-in's own fallback is never asked for: the call that it answers declares what is said then.
        if (fallback.Kind == ToolFallbackKind.Tool && call.StandInFor is null)
        {
            answer = answer with { StandIn = fallback.Tool };
        }
        else if (fallback.Kind == ToolFallbackKind.LastGood
            && await lastGood.FindAsync(LastGoodKey.Of(tool.Name, call.Tenant, arguments), fallback.MaxAge, cancellationToken) is { } last)
        {
            answer = answer with { Result = last.Result + Note(last), AsOf = last.At };
        }

        metrics.FellBack(tool.Name, answer.StandIn is null && answer.AsOf is null && fallback.Kind is ToolFallbackKind.Tool or ToolFallbackKind.LastGood ? "otherwise" : fallback.Kind.ToString(), code);
        return answer;
    }

    /// <summary>Keeps a tool's own result where its fallback may need it.</summary>
    public void Keep(ServedTool tool, RunTool call, JsonElement arguments, string result)
    {
        if (tool.Manifest.Fallback is { Kind: ToolFallbackKind.LastGood } fallback)
        {
            lastGood.Keep(
                new LastGoodResult { Key = LastGoodKey.Of(tool.Name, call.Tenant, arguments), Tool = tool.Name, Tenant = call.Tenant, Result = result, At = time.GetUtcNow() },
                fallback);
        }
    }

    // In the text, too: the model that decides by it must know that it is not fresh.
    private string Note(LastGoodResult last) => string.Create(
        CultureInfo.InvariantCulture,
        $"\n[as of {last.At:O}, {(time.GetUtcNow() - last.At).TotalSeconds:F0} s ago: the tool does not answer now, this is its last good result]");
}
