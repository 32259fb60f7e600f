using System.Globalization;
using System.Text;
using Pipeline.Contracts.Explanations;

namespace Pipeline.Cli.Explaining;

/// <summary>An explanation as text, the most important first.</summary>
internal static class ExplanationPage
{
    public static string Render(InvocationExplanation it)
    {
        var page = new StringBuilder();
        page.AppendLine(CultureInfo.InvariantCulture, $"{it.InvocationId}  {it.Tenant}/{it.Agent} v{it.AgentVersion}  {Screen.State(it.State)}");
        page.AppendLine(Screen.Plain(it.Summary, 3000));
        page.AppendLine(CultureInfo.InvariantCulture, $"What to do: {Screen.Plain(it.Advice, 1000)}").AppendLine();
        page.AppendLine(CultureInfo.InvariantCulture, $"Accepted {it.AcceptedAt:O}, deadline {it.Deadline:O}{(it.EndedAt is { } ended ? $", ended {ended:O}" : "")}");
        page.AppendLine(CultureInfo.InvariantCulture, $"Tokens: {it.Usage.InputTokens} in, {it.Usage.OutputTokens} out; {it.Usage.Turns} turn(s), {it.Usage.ToolCalls} tool call(s)");
        page.AppendLine().AppendLine("Time by cause");
        foreach (var share in it.Shares)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"  {share.Cause,-14} {Span(share.Ms),10}  {share.Percent,5:0.0} %");
        }

        page.AppendLine();
        foreach (var turn in it.Turns)
        {
            Turn(page, turn);
        }

        page.AppendLine();
        foreach (var note in it.Notes)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"Note: {note}");
        }

        return page.ToString();
    }

    private static void Turn(StringBuilder page, ExplainedTurn turn)
    {
        var model = turn.Model is null ? "" : $"  {Screen.Plain(turn.Model)}{(turn.Effort?.Pool is { } pool ? $" (pool {pool})" : "")}";
        var tokens = turn.Outcome == "answered" ? string.Create(CultureInfo.InvariantCulture, $"  {turn.InputTokens}+{turn.OutputTokens} tokens") : "";
        page.AppendLine(CultureInfo.InvariantCulture, $"Turn {turn.Turn}  {turn.RequestedAt:HH:mm:ss.fff}  {Screen.State(turn.Outcome)} after {Span(turn.TookMs)}{model}{tokens}{(turn.Degraded ? "  degraded" : "")}");
        if (turn.Effort is { } effort)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"    calls {effort.Calls}, throttled {effort.Throttled}; queue {Span(turn.QueuedMs ?? 0)}, held {Span(effort.HeldMs)}, retries {Span(effort.RetryDelayMs)}, model {Span(effort.CallMs)}");
        }

        Why(page, turn.Code, turn.Reason, turn.Why);
        foreach (var call in turn.Calls)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"  {call.Tool}  {Screen.State(call.Outcome)} after {Span(call.TookMs)}{(call.RanMs is { } ran ? $" (ran {Span(ran)})" : "")}{(call.Circuit is { } circuit and not "closed" ? $"  circuit {circuit}" : "")}");
            Why(page, call.Code, call.Reason, call.Why);
        }
    }

    private static void Why(StringBuilder page, string? code, string? reason, string? why)
    {
        if (code is not null)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"    {code}{(reason is null ? "" : $": {Screen.Plain(reason, 500)}")}");
        }

        if (why is not null)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"    {Screen.Plain(why, 500)}");
        }
    }

    private static string Span(double ms) => ms < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{ms:0} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{ms / 1000:0.0} s");
}
