using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Pipeline.Orchestrator.Tests.Http;

/// <summary>Reads server-sent events as a browser does.</summary>
internal sealed class EventStream : IDisposable
{
    private readonly HttpResponseMessage _answer;
    private readonly StreamReader _reader;

    private EventStream(HttpResponseMessage answer, StreamReader reader) => (_answer, _reader) = (answer, reader);

    public static async Task<EventStream> OpenAsync(HttpClient client, Guid id, int? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/invocations/{id}/events");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", $"{lastEventId}");
        }

        var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        return new EventStream(answer, new StreamReader(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)));
    }

    /// <summary>The events until the stream ends.</summary>
    public async IAsyncEnumerable<(int Id, string Event, JsonElement Data)> EventsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var fields = new Dictionary<string, string>();
        while (await _reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0)
            {
                if (fields.Count > 0)
                {
                    var data = JsonSerializer.Deserialize<JsonElement>(fields["data"]);
                    Assert.Equal(fields["id"], data.GetProperty("seq").ToString());
                    yield return (data.GetProperty("seq").GetInt32(), fields["event"], data);
                    fields.Clear();
                }
            }
            else if (!line.StartsWith(':'))
            {
                var parts = line.Split(": ", 2);
                fields[parts[0]] = parts[1];
            }
        }
    }

    public async Task<List<int>> IdsAsync() => await EventsAsync(TestContext.Current.CancellationToken).Select(x => x.Id).ToListAsync(TestContext.Current.CancellationToken);

    public void Dispose()
    {
        _reader.Dispose();
        _answer.Dispose();
    }
}
