using System.Globalization;
using System.Text.Json;
using Pipeline.Benchmarks.Invocations;
using Pipeline.ProviderSimulator;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>A provider in a process of its own, with its ledger: the only witness of what the gateway really sent.</summary>
internal sealed class Simulator : IAsyncDisposable
{
    private const int MostEntries = 100_000;

    private readonly HttpClient _http;

    public Simulator(ServiceProcess process)
    {
        Process = process;
        _http = new HttpClient { BaseAddress = process.Url, Timeout = TimeSpan.FromMinutes(2) };
    }

    public ServiceProcess Process { get; }

    public Uri Url => Process.Url;

    public async Task<LedgerReport> ReportAsync(DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken) =>
        (await _http.GetFromJsonAsync<LedgerReport>($"ledger/report?{Span(from, to)}", JsonSerializerOptions.Web, cancellationToken))!;

    /// <summary>The calls of a span in the order of their arrival.</summary>
    public async Task<IReadOnlyList<LedgerEntry>> EntriesAsync(DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        var entries = (await _http.GetFromJsonAsync<List<LedgerEntry>>($"ledger/entries?limit={MostEntries}&{Span(from, to)}", JsonSerializerOptions.Web, cancellationToken))!;
        return entries.Count < MostEntries
            ? [.. entries.OrderBy(x => x.ArrivalTicks)]
            : throw new InvalidOperationException($"The ledger of '{Url}' holds more than '{MostEntries}' calls of the span. Measure for a shorter time or at a lower rate.");
    }

    public async Task<LedgerTotals> TotalsAsync(CancellationToken cancellationToken) =>
        (await _http.GetFromJsonAsync<LedgerTotals>("ledger?recent=0", JsonSerializerOptions.Web, cancellationToken))!;

    /// <returns>When the provider had changed it.</returns>
    public async Task<DateTimeOffset> ChangeLimitsAsync(string organisation, IReadOnlyDictionary<string, int> limits, CancellationToken cancellationToken)
    {
        using var answer = await _http.PutAsJsonAsync($"limits/{organisation}", limits, cancellationToken);
        await RequireAsync(answer, cancellationToken);
        return TimeProvider.System.GetUtcNow();
    }

    /// <summary>A fault for a while; a second one replaces it.</summary>
    public async Task BreakAsync(object outage, CancellationToken cancellationToken)
    {
        using var answer = await _http.PutAsJsonAsync("outage", outage, cancellationToken);
        await RequireAsync(answer, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Process.DisposeAsync();
    }

    private static async Task RequireAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"The simulator refused '{answer.RequestMessage?.RequestUri}': {await answer.Content.ReadAsStringAsync(cancellationToken)}");
        }
    }

    private static string Span(DateTimeOffset? from, DateTimeOffset? to) =>
        string.Join('&', new[] { ("from", from), ("to", to) }.Where(x => x.Item2 is not null)
            .Select(x => $"{x.Item1}={Uri.EscapeDataString(x.Item2!.Value.ToString("O", CultureInfo.InvariantCulture))}"));
}
