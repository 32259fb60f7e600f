using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Pipeline.Chaos.Tests;

/// <summary>The broker's queues as an operator sees them.</summary>
internal sealed class BrokerView : IDisposable
{
    private readonly HttpClient _http;

    public BrokerView(int managementPort)
    {
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{managementPort}/"), Timeout = TimeSpan.FromSeconds(10) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("guest:guest")));
    }

    /// <summary>Messages by queue, ready and unacknowledged; seconds old. The harness's own queues are left out.</summary>
    public async Task<IReadOnlyList<(string Name, int Messages)>> QueuesAsync(CancellationToken cancellationToken)
    {
        using var document = JsonDocument.Parse(await _http.GetStringAsync(new Uri("api/queues", UriKind.Relative), cancellationToken));
        return [.. document.RootElement.EnumerateArray()
            .Select(x => (x.GetProperty("name").GetString()!, x.TryGetProperty("messages", out var count) ? count.GetInt32() : 0))
            .Where(x => !x.Item1.StartsWith("chaos.", StringComparison.Ordinal))];
    }

    /// <summary>The bodies of the first messages in a queue, which stay there.</summary>
    public async Task<string> PeekAsync(string queue, CancellationToken cancellationToken)
    {
        using var body = new StringContent("""{"count":3,"ackmode":"ack_requeue_true","encoding":"auto","truncate":3000}""", Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri($"api/queues/%2F/{Uri.EscapeDataString(queue)}/get", UriKind.Relative), body, cancellationToken);
        return await answer.Content.ReadAsStringAsync(cancellationToken);
    }

    public void Dispose() => _http.Dispose();
}
