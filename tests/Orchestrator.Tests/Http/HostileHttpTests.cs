using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Http;

/// <summary>Requests that nobody should send: each is answered, none with a 5xx, and other work goes on.</summary>
public sealed class HostileHttpTests
{
    private const int Callers = 8;

    private static readonly string[] Methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "FROBNICATE", "get"];
    private static readonly string[] ContentTypes = ["application/json", "application/json; charset=utf-16", "application/problem+json", "text/plain", "application/xml", "multipart/form-data; boundary=x", "application/json;;;", "", "///", "application/vnd.masstransit+json"];

    [Fact]
    public Task Two_thousand_hostile_requests_are_answered_by_name() => RunAsync(2_000, 20261125);

    [Fact]
    [Trait("Category", "Long")]
    public Task Ten_thousand_hostile_requests_are_answered_by_name() => RunAsync(10_000, 4711);

    private static async Task RunAsync(int count, int seed)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup
        {
            RequireApiKeys = true,
            Clock = TimeProvider.System,
            // A slow machine is not what is tested.
            Settings = new Dictionary<string, string?> { ["Http:BusTimeout"] = "00:02:00" },
        });
        var key = await orchestrator.CreateKeyAsync("acme");
        using var client = orchestrator.Client(key);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var good = GoodWorkAsync(client, stop);
        var answers = new ConcurrentDictionary<string, int>();

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            var bodies = new HostileBodies(seed + caller);
            for (var i = 0; i < count / Callers; i++)
            {
                var answer = bodies.Random.Next(10) < 3 ? await RawAsync(new Uri(orchestrator.Address), key, bodies) : await RequestAsync(client, bodies);
                answers.AddOrUpdate(answer, 1, (_, n) => n + 1);
            }
        }));
        await stop.CancelAsync();
        var accepted = await good;

        var told = string.Join(", ", answers.OrderBy(x => x.Key, StringComparer.Ordinal).Select(x => $"{x.Key}: {x.Value}"));
        TestContext.Current.TestOutputHelper?.WriteLine($"{told}; {accepted.Count} good submissions meanwhile");
        Assert.Equal(count / Callers * Callers, answers.Values.Sum());
        // 505 is the server's word for a request line that names no version of HTTP there is; nothing of ours has run by then.
        Assert.All(answers.Keys.Where(x => x != "505 raw"), x => Assert.False(x.StartsWith('5'), told));
        Assert.All(new[] { FailureCode.SubmissionInvalid, FailureCode.InputTooLarge, "route_unknown", "method_not_allowed", "content_type_unsupported", "query_invalid" }, x => Assert.Contains(answers.Keys, y => y.EndsWith(x, StringComparison.Ordinal)));
        // Most were answered, however many connections were beyond saving.
        Assert.True(answers.GetValueOrDefault("closed") < count / 4, told);
        Assert.NotEmpty(accepted);
        var stored = await orchestrator.ReadAsync(x => x.Invocations.AsNoTracking().Where(y => y.Session == "good").Select(y => y.CorrelationId).ToListAsync());
        Assert.Equal(accepted.Order(), stored.Order());
        Assert.Empty(orchestrator.Traffic.Faults);
    }

    /// <summary>The work of somebody else, one submission after the other, each of which must be accepted.</summary>
    private static async Task<List<Guid>> GoodWorkAsync(HttpClient client, CancellationTokenSource stop)
    {
        var accepted = new List<Guid>();
        while (!stop.IsCancellationRequested)
        {
            var id = NewId.NextGuid();
            using var answer = await client.PostTextAsync($$"""{"tenant":"acme","agent":"resolver","input":"x","session":"good","invocationId":"{{id}}"}""");
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            accepted.Add(id);
        }

        return accepted;
    }

    /// <returns>Status and code.</returns>
    private static async Task<string> RequestAsync(HttpClient client, HostileBodies bodies)
    {
        var post = bodies.Random.Next(3) > 0;
        using var request = post ? new HttpRequestMessage(HttpMethod.Post, "/invocations") : new HttpRequestMessage(new HttpMethod(bodies.Pick(Methods)), Path(bodies));
        if (post || bodies.Random.Next(3) == 0)
        {
            request.Content = new ByteArrayContent(bodies.Next());
            request.Content.Headers.TryAddWithoutValidation("Content-Type", bodies.Random.Next(5) > 0 ? "application/json" : bodies.Pick(ContentTypes));
            request.Headers.TransferEncodingChunked = bodies.Random.Next(4) == 0;
        }

        if (bodies.Random.Next(5) == 0)
        {
            request.Headers.TryAddWithoutValidation(bodies.Pick(["Idempotency-Key", "Last-Event-ID", "X-Forwarded-For", "Accept", "If-None-Match"]), bodies.Pick(["", "\t", "-1", "99999999999", new string('k', 500), "\"quoted\"", "../"]));
        }

        try
        {
            using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
            return await NameAsync(answer, request.Method == HttpMethod.Head);
        }
        catch (HttpRequestException e) when (e.InnerException is IOException)
        {
            // Answered before its large body was sent; the server does not wait for the rest for ever.
            return "closed";
        }
    }

    private static async Task<string> NameAsync(HttpResponseMessage answer, bool isHead)
    {
        var status = (int)answer.StatusCode;
        if (status < 400 || isHead)
        {
            return $"{status}";
        }

        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        if (status == 400 && body.Length == 0)
        {
            // The server itself could not read it as HTTP.
            return "400 server";
        }

        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonSerializer.Deserialize<JsonElement>(body);
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        return $"{status} {problem.GetProperty("code").GetString()}";
    }

    private static string Path(HostileBodies bodies) => bodies.Pick(
    [
        "/", "/invocations/", "/invocations/%00", "/invocations/../../etc/passwd", $"/invocations/{Guid.NewGuid()}", $"/invocations/{Guid.NewGuid()}/timeline?after={bodies.Pick(["x", "-1", "99999999999999", "1&after=2", "%00", "%ff"])}",
        $"/invocations/{Guid.NewGuid()}/events?after={bodies.Pick(["x", "-1", "1e3"])}", $"/invocations?limit={bodies.Pick(["0", "-5", "201", "1.0", "%F0", "x"])}", $"/invocations?cursor={bodies.Pick(["a", "////", new string('A', 32), new string('_', 32), "%00"])}",
        $"/invocations?acceptedAfter={bodies.Pick(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "now", "1e9"])}", $"/invocations?state={bodies.Pick(["%27%20OR%201=1", "Completed,Failed", "%E2%80%AE"])}",
        $"/invocations?session={new string('s', 1000)}", "/openapi/v1.json/", "/%2e%2e/health", "/invocations?tenant=umbrella&tenant=acme", "/invocations?%3D=%26",
    ]);

    /// <summary>What no client library sends. A closed connection is an answer here: there was no request.</summary>
    private static async Task<string> RawAsync(Uri address, string key, HostileBodies bodies)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        using var socket = new TcpClient();
        await socket.ConnectAsync(address.Host, address.Port, limit.Token);
        var head = $"Host: x\r\nX-Api-Key: {key}\r\nConnection: close\r\n";
        var request = bodies.Pick(
        [
            $"POST /invocations HTTP/1.1\r\n{head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\nabc\r\n0\r\n\r\n",
            $"POST /invocations HTTP/1.1\r\n{head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdefgh\r\n0\r\n\r\n",
            $"POST /invocations HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: -1\r\n\r\n{{}}",
            $"POST /invocations HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{{}}",
            $"POST /invocations HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",
            $"POST /invocations HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{{}}",
            $"POST /invocations HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{\"tenant\":",
            $"GET /invocations HTTP/9.9\r\n{head}\r\n", $"GET  /invocations\r\n{head}\r\n", $"GET /invocations HTTP/1.1\r\nHost: x\r\nHost: y\r\nX-Api-Key: {key}\r\nConnection: close\r\n\r\n",
            $"GET /invocations HTTP/1.1\r\n{head}X-Big: {new string('h', 40_000)}\r\n\r\n", $"GET /invocations HTTP/1.1\r\n{head}Bad Header\0: x\r\n\r\n", $"GET /invocations HTTP/1.1\r\n{head}X-Api-Key: {key}\r\n\r\n",
            $"GET /{new string('p', 20_000)} HTTP/1.1\r\n{head}\r\n", $"GET /%zz%00%ff HTTP/1.1\r\n{head}\r\n", $"POST /invocations HTTP/1.1\r\n{head}Expect: 200-maybe\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{{}}", "\r\n\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ]);
        try
        {
            var stream = socket.GetStream();
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request), limit.Token);
            // No more is to come, whatever was announced.
            socket.Client.Shutdown(SocketShutdown.Send);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            var answer = await reader.ReadToEndAsync(limit.Token);
            return answer.Length < 12 ? "closed" : $"{answer.Substring(9, 3)} raw";
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return "closed";
        }
    }
}
