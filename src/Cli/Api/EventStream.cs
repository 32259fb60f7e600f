using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Pipeline.Contracts.Invocations;

namespace Pipeline.Cli.Api;

/// <summary>Reads <c>GET /invocations/{id}/events</c> to its terminal event; a stream that breaks is taken up after the last event that was read.</summary>
internal sealed class EventStream(PipelineApi api, TimeProvider time)
{
    private const int LargestLine = 1 << 20;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    public async IAsyncEnumerable<StreamedEvent> ReadAsync(string id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? lastId = null;
        var failures = 0;
        while (true)
        {
            using var answer = await OpenAsync(id, lastId, cancellationToken);
            if (answer is not null)
            {
                await foreach (var read in EventsAsync(answer, cancellationToken))
                {
                    failures = 0;
                    lastId = read.Id ?? lastId;
                    yield return read;
                    if (InvocationEventName.IsTerminal(read.Name))
                    {
                        yield break;
                    }
                }
            }

            // Bounded by the command's own limit; the pause grows, so that an orchestrator that restarts is not hammered.
            var pause = TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, Math.Pow(2, Math.Min(failures++, 6)) / 2));
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private async Task<HttpResponseMessage?> OpenAsync(string id, string? lastId, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"invocations/{id}/events");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (lastId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastId);
        }

        HttpResponseMessage answer;
        try
        {
            answer = await api.SendAsync(request, cancellationToken);
        }
        catch (CommandFailedException) when (lastId is not null)
        {
            // It was there a moment ago: it is restarting.
            return null;
        }

        if (answer.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout)
        {
            answer.Dispose();
            return null;
        }

        await PipelineApi.EnsureAsync(answer, cancellationToken);
        return answer;
    }

    private static async IAsyncEnumerable<StreamedEvent> EventsAsync(HttpResponseMessage answer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        string? id = null, name = null;
        var data = new StringBuilder();
        while (await LineAsync(reader, cancellationToken) is { } line)
        {
            if (line.Length > LargestLine || data.Length > LargestLine)
            {
                throw new CommandFailedException(ExitCode.Unreachable, string.Create(CultureInfo.InvariantCulture, $"The stream has an event of more than {LargestLine} characters."));
            }

            if (line.Length == 0)
            {
                if (data.Length > 0)
                {
                    yield return Event(id, name, data.ToString());
                }

                (id, name) = (null, null);
                data.Clear();
                continue;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var value = colon < 0 ? "" : line[(colon + 1)..];
            value = value.StartsWith(' ') ? value[1..] : value;
            switch (colon < 0 ? line : line[..colon])
            {
                case "id":
                    id = value;
                    break;
                case "event":
                    name = value;
                    break;
                case "data":
                    data.Append(data.Length > 0 ? "\n" : "").Append(value);
                    break;
                default:
                    // A comment that keeps the connection, or a field of a later version.
                    break;
            }
        }
    }

    private static StreamedEvent Event(string? id, string? name, string data)
    {
        try
        {
            var body = JsonSerializer.Deserialize(data, CliJson.Default.JsonElement);
            return new StreamedEvent(id, name ?? PipelineApi.Text(body, "event") ?? PipelineApi.Text(body, "kind") ?? "", body);
        }
        catch (JsonException e)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"The stream has an event that is not JSON: {e.Message}");
        }
    }

    private static async Task<string?> LineAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return null;
        }
    }
}
