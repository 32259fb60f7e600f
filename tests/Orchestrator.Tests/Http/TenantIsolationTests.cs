using System.Net;
using System.Text.Json;
using Pipeline.Contracts.Completions;
using Pipeline.Orchestrator.DeadLetters;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Http;

/// <summary>One tenant asks for what is another's, over every endpoint: it hears what it would hear of something that does not exist.</summary>
public sealed class TenantIsolationTests
{
    private const string Canary = "canary-7f3a";
    private const int Callers = 8;

    [Fact]
    public Task Nothing_of_another_tenant_leaks() => RunAsync(2_000, 20261125);

    [Fact]
    [Trait("Category", "Long")]
    public Task Nothing_of_another_tenant_leaks_in_ten_thousand_requests() => RunAsync(10_000, 4711);

    private static async Task RunAsync(int count, int seed)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { RequireApiKeys = true });
        using var victim = orchestrator.Client(await orchestrator.CreateKeyAsync("umbrella"));
        using var other = orchestrator.Client(await orchestrator.CreateKeyAsync("acme"));
        var ids = await SeedAsync(orchestrator);
        var page = await (await victim.GetAsync("/invocations?limit=5", TestContext.Current.CancellationToken)).JsonAsync();
        var cursor = page.GetProperty("next").GetString()!;
        // What is searched for is there to be found.
        Assert.Contains(Canary, page.ToString(), StringComparison.Ordinal);
        Assert.Contains(Canary, await victim.GetStringAsync($"/invocations/{ids[0]}/timeline", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using (var stream = await EventStream.OpenAsync(victim, ids[0]))
        {
            Assert.Equal([1, 2, 3], await stream.IdsAsync());
        }

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            var random = new Random(seed + caller);
            for (var i = 0; i < count / Callers; i++)
            {
                await AskAsync(other, random, ids[random.Next(ids.Count)], cursor);
            }
        }));

        // And nothing was changed: what was open still is, what had ended still has.
        var rows = await Task.WhenAll(ids.Select(orchestrator.RowAsync));
        Assert.Equal(ids.Count / 2, rows.Count(x => x.CurrentState == "Completed"));
        Assert.Equal(ids.Count / 2, rows.Count(x => x.CurrentState == "AwaitingModel"));
    }

    private static async Task AskAsync(HttpClient client, Random random, Guid id, string cursor)
    {
        // The same request with an id that nobody has: the two answers may differ in the id alone.
        var unknown = new Guid([.. id.ToByteArray().Select((x, i) => i < 6 ? (byte)random.Next(256) : x)]);
        (HttpMethod Method, string Path)[] requests =
        [
            (HttpMethod.Get, "/invocations/{0}"), (HttpMethod.Get, "/invocations/{0}/timeline"), (HttpMethod.Get, "/invocations/{0}/timeline?after=1"), (HttpMethod.Get, "/invocations/{0}/timeline?after=x"),
            (HttpMethod.Get, "/invocations/{0}/events"), (HttpMethod.Get, "/invocations/{0}/events?after=2"), (HttpMethod.Get, "/invocations/{0}/events?after=99"), (HttpMethod.Delete, "/invocations/{0}"), (HttpMethod.Put, "/invocations/{0}"),
            (HttpMethod.Get, "/invocations"), (HttpMethod.Get, "/invocations?tenant=umbrella"), (HttpMethod.Get, $"/invocations?session={Canary}"), (HttpMethod.Get, $"/invocations?cursor={cursor}"), (HttpMethod.Get, $"/invocations?cursor={cursor}&tenant=umbrella&limit=200"),
            (HttpMethod.Get, "/invocations?state=Completed&agent=resolver&limit=200"), (HttpMethod.Get, "/invocations?tenant=%25"), (HttpMethod.Get, "/invocations?tenant=UMBRELLA"), (HttpMethod.Post, "/invocations"), (HttpMethod.Get, "/openapi/v1.json"), (HttpMethod.Get, "/invocations/{0}/no-such"),
            (HttpMethod.Get, "/invocations/{0}/explanation"), (HttpMethod.Get, "/queues"), (HttpMethod.Get, "/asyncapi.json"), (HttpMethod.Get, "/dead-letters"), (HttpMethod.Get, "/dead-letters?tenant=umbrella"), (HttpMethod.Get, "/dead-letters/groups"),
            (HttpMethod.Get, "/dead-letters/1"), (HttpMethod.Get, "/dead-letters/1/body"), (HttpMethod.Post, "/dead-letters/1/replay"), (HttpMethod.Delete, "/dead-letters/1"), (HttpMethod.Post, "/dead-letters/discards"), (HttpMethod.Post, "/dead-letters/replays"),
        ];
        var (method, path) = requests[random.Next(requests.Length)];
        var (status, body) = await SendAsync(client, method, path, id);
        Assert.DoesNotContain(Canary, body, StringComparison.Ordinal);
        if (path.Contains("{0}", StringComparison.Ordinal))
        {
            var (sameStatus, sameBody) = await SendAsync(client, method, path, unknown);
            Assert.Equal(sameStatus, status);
            Assert.Equal(sameBody.Replace(unknown.ToString(), "ID", StringComparison.Ordinal), body.Replace(id.ToString(), "ID", StringComparison.Ordinal));
        }
        else if (path.StartsWith("/invocations", StringComparison.Ordinal) && method == HttpMethod.Get)
        {
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(0, JsonSerializer.Deserialize<JsonElement>(body).GetProperty("items").GetArrayLength());
        }
    }

    private static async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpClient client, HttpMethod method, string path, Guid id)
    {
        using var request = new HttpRequestMessage(method, path.Replace("{0}", id.ToString(), StringComparison.Ordinal));
        if (method == HttpMethod.Post)
        {
            request.Content = new StringContent("""{"tenant":"umbrella","agent":"resolver","input":"x"}""", null, "application/json");
        }

        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(answer.Headers, x => x.Value.Any(y => y.Contains(Canary, StringComparison.Ordinal)));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Invocations with the canary in everything that a tenant can put in or a model can answer; the first half of them has ended.</summary>
    private static async Task<List<Guid>> SeedAsync(OrchestratorFixture orchestrator)
    {
        await orchestrator.ReadAsync(x =>
        {
            x.DeadLetters.Add(new DeadLetter
            {
                Id = 1, Fingerprint = new byte[32], SourceQueue = "invocations.resolver_error", Queue = "invocations.resolver", Code = Canary, ExceptionGroup = Canary, Reason = Canary, Tenant = "umbrella", Agent = "resolver",
                MessageId = Canary, Properties = "{}", Body = System.Text.Encoding.UTF8.GetBytes(Canary), BodyBytes = Canary.Length, CollectedAt = DateTime.UnixEpoch,
            });
            return x.SaveChangesAsync(TestContext.Current.CancellationToken);
        });
        var ids = new List<Guid>();
        for (var i = 0; i < 20; i++)
        {
            RequestCompletion request = await orchestrator.StartInvocationAsync(OrchestratorFixture.Submission($"{Canary} {i}") with
            {
                Tenant = "umbrella",
                Session = Canary,
                IdempotencyKey = $"{Canary}-{i}",
                Metadata = new Dictionary<string, string> { [Canary] = Canary },
            });
            ids.Add(request.InvocationId);
            if (i < 10)
            {
                await orchestrator.AnswerAsync(request, $"{Canary} answer");
            }
        }

        return ids;
    }
}
