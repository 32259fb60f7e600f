using System.Globalization;
using Pipeline.Orchestrator.Status;
using Spectre.Console;

namespace Pipeline.EmbeddedHost.Sample;

/// <summary>The table at the end, and the verdict.</summary>
internal sealed class SampleReport(SampleRunSettings settings, IReadOnlyList<SampleResult> results, TimeSpan took)
{
    /// <returns>True where every case ended as its file says.</returns>
    public async Task<bool> WriteAsync(CancellationToken cancellationToken)
    {
        var refunds = await RefundsAsync(cancellationToken);
        var table = new Table().Border(TableBorder.Simple).AddColumns("case", "dispute", "outcome");
        foreach (var number in new[] { "turns", "tool calls", "tokens", "seconds" })
        {
            table.AddColumn(new TableColumn(number).RightAligned());
        }

        table.AddColumn("as expected");
        var differences = 0;
        foreach (var result in results)
        {
            var difference = settings.CompareOutcomes ? Difference(result, refunds) : result.Outcome is null ? "not ended" : null;
            differences += difference is null ? 0 : 1;
            var view = result.Invocation;
            table.AddRow(
                Markup.Escape(result.Case.Case),
                Markup.Escape(Shortened(result.Case.Title ?? "")),
                Markup.Escape(result.Outcome is null ? "open" : result.Outcome + (result.Code is null ? "" : $" ({result.Code})") + (view?.Degraded == true ? " degraded" : "")),
                Number(view?.Usage.Turns),
                Number(view?.Usage.ToolCalls),
                Number(view is null ? null : view.Usage.InputTokens + view.Usage.OutputTokens),
                view?.EndedAt is { } endedAt ? (endedAt - view.AcceptedAt).TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture) : "",
                difference is null ? "[green]yes[/]" : $"[red]{Markup.Escape(difference)}[/]");
        }

        AnsiConsole.Write(table);
        var byOutcome = results.GroupBy(x => x.Outcome ?? "open").OrderBy(x => x.Key, StringComparer.Ordinal).Select(x => $"{x.Count()} {x.Key}");
        AnsiConsole.MarkupLineInterpolated($"{results.Count} cases in {took.TotalSeconds:0.0} s: {string.Join(", ", byOutcome)}; {refunds.Count} refunds in the ledger; {differences} not as expected.");
        return differences == 0;
    }

    public SampleResult? CaseForTimeline() =>
        results.FirstOrDefault(x => x.Case.Case == settings.Timeline)
        ?? results.Where(x => x.Outcome == "completed").MaxBy(x => x.Invocation!.Usage.ToolCalls);

    public static void WriteTimeline(SampleResult result, IReadOnlyList<TimelineEntryView> timeline)
    {
        AnsiConsole.MarkupLineInterpolated($"Timeline of {result.Case.Case}, invocation {result.InvocationId}:");
        var table = new Table().Border(TableBorder.Simple).AddColumns(new TableColumn("seq").RightAligned(), new TableColumn("ms").RightAligned(), new TableColumn("turn").RightAligned(), new TableColumn("what"), new TableColumn("details"));
        foreach (var entry in timeline)
        {
            table.AddRow(
                Number(entry.Seq),
                (entry.At - timeline[0].At).TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture),
                Number(entry.Turn),
                Markup.Escape(entry.Kind),
                Markup.Escape(Describe(entry)));
        }

        AnsiConsole.Write(table);
    }

    private static string Describe(TimelineEntryView entry)
    {
        var parts = new List<string>();
        foreach (var property in entry.Details.EnumerateObject())
        {
            switch (property.Name)
            {
                case "toolCalls":
                    parts.Add("calls " + string.Join(", ", property.Value.EnumerateArray().Select(x => $"{x.GetProperty("name").GetString()} {x.GetProperty("arguments").GetString()}")));
                    break;
                case "usage":
                    parts.Add($"{property.Value.GetProperty("inputTokens").GetInt32()} tokens in, {property.Value.GetProperty("outputTokens").GetInt32()} out");
                    break;
                case "finishReason" or "index" or "durationMs" or "provider":
                    break;
                default:
                    var text = property.Value.ValueKind == System.Text.Json.JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText();
                    parts.Add($"{property.Name} {(text.Length > 240 ? text[..240] + "…" : text)}");
                    break;
            }
        }

        return string.Join("; ", parts);
    }

    private static string? Difference(SampleResult result, IReadOnlyList<LedgerRefund> refunds)
    {
        if (result.Case.Expect is not { } expected)
        {
            return result.Outcome is null ? "not ended" : null;
        }

        var differences = new List<string>();
        void Compare<T>(string what, T? want, T? got)
        {
            if (want is not null && !Equals(want, got))
            {
                differences.Add($"{what} {want}, got {(got is null ? "none" : got)}");
            }
        }

        Compare("outcome", expected.Event, result.Outcome ?? "open");
        Compare("code", expected.Code, result.Code);
        Compare("turns", expected.Turns, result.Invocation?.Usage.Turns);
        Compare("tool calls", expected.ToolCalls, result.Invocation?.Usage.ToolCalls);
        Compare("degraded", expected.Degraded, result.Invocation?.Degraded);
        foreach (var part in expected.OutputContains ?? [])
        {
            if (result.Invocation?.Output?.Contains(part, StringComparison.OrdinalIgnoreCase) != true)
            {
                differences.Add($"output without '{part}'");
            }
        }

        if (expected.Refunds is { } wanted)
        {
            var own = refunds.Where(x => x.CallId.StartsWith(result.InvocationId.ToString("N"), StringComparison.Ordinal)).Select(x => (x.TransactionId, x.AmountCents)).Order().ToList();
            if (!own.SequenceEqual(wanted.Select(x => (x.TransactionId, x.AmountCents)).Order()))
            {
                differences.Add($"refunds {string.Join("+", wanted.Select(x => x.AmountCents))}, got {string.Join("+", own.Select(x => x.AmountCents))}");
            }
        }

        return differences.Count == 0 ? null : string.Join("; ", differences);
    }

    private async Task<IReadOnlyList<LedgerRefund>> RefundsAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = settings.Url };
        var refunds = new List<LedgerRefund>();
        while (true)
        {
            var page = await http.GetFromJsonAsync<List<LedgerRefund>>(refunds.Count == 0 ? "/refunds" : $"/refunds?after={refunds[^1].RefundId}", cancellationToken) ?? [];
            if (page.Count == 0)
            {
                return refunds;
            }

            refunds.AddRange(page);
        }
    }

    private static string Number(int? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static string Shortened(string text) => text.Length > 48 ? text[..47] + "…" : text;

    private sealed record LedgerRefund(string RefundId, string TransactionId, long AmountCents, string CallId);
}
