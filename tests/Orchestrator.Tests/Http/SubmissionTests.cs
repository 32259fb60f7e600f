using System.Net;
using System.Text.Json;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Http;

public sealed class SubmissionTests
{
    [Fact]
    public async Task A_submission_is_accepted_and_says_where_it_is()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { RequireApiKeys = true });
        using var client = orchestrator.Client(await orchestrator.CreateKeyAsync("acme"));

        using var answer = await client.PostTextAsync("""{"tenant":"acme","agent":"resolver","input":{"a":"é\ud83d\ude00"},"session":"s","metadata":{"k":"v"}}""");

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var accepted = await answer.JsonAsync();
        Assert.Equal("accepted", accepted.GetProperty("event").GetString());
        Assert.Equal($"/invocations/{accepted.GetProperty("invocationId").GetGuid()}", answer.Headers.Location?.ToString());
        Assert.Equal("é😀", JsonSerializer.Deserialize<JsonElement>((await orchestrator.Model.NextAsync()).Messages[0].Text!).GetProperty("a").GetString());
        var view = await (await client.GetAsync(answer.Headers.Location, TestContext.Current.CancellationToken)).JsonAsync();
        Assert.Equal(("AwaitingModel", "s", "v"), (view.GetProperty("state").GetString(), view.GetProperty("session").GetString(), view.GetProperty("metadata").GetProperty("k").GetString()));
    }

    [Fact]
    public async Task The_same_submission_means_the_same_invocation()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        using var client = orchestrator.Client();
        client.DefaultRequestHeaders.Add("Idempotency-Key", "order-7");
        const string body = """{"tenant":"acme","agent":"resolver","input":"x"}""";

        var first = await (await client.PostTextAsync(body)).JsonAsync();
        var again = await (await client.PostTextAsync(body)).JsonAsync();
        using var other = await client.PostTextAsync("""{"tenant":"acme","agent":"resolver","input":"y"}""");

        Assert.Equal(first.GetProperty("invocationId").GetGuid(), again.GetProperty("invocationId").GetGuid());
        await other.AssertProblemAsync(HttpStatusCode.Conflict, FailureCode.IdempotencyConflict);
        Assert.Equal(1, await orchestrator.ReadAsync(x => x.Invocations.CountAsync()));
        Assert.Empty(orchestrator.Traffic.Faults);
    }

    [Fact]
    public async Task A_chosen_id_can_be_submitted_again_over_any_way_in()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        using var client = orchestrator.Client();
        var submission = OrchestratorFixture.Submission();
        var body = JsonSerializer.Serialize(submission, JsonSerializerOptions.Web);

        Assert.Equal(HttpStatusCode.Accepted, (await client.PostTextAsync(body)).StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, (await client.PostTextAsync(body)).StatusCode);
        await orchestrator.SubmitAsync(submission);

        Assert.Equal(1, await orchestrator.ReadAsync(x => x.Invocations.CountAsync()));
        Assert.Empty(orchestrator.Traffic.Faults);
    }

    [Theory]
    [InlineData("{", 400, FailureCode.SubmissionInvalid)]
    [InlineData("", 400, FailureCode.SubmissionInvalid)]
    [InlineData("null", 400, FailureCode.SubmissionInvalid)]
    [InlineData("""{"tenant":"acme","agent":"resolver"}""", 400, FailureCode.SubmissionInvalid)]
    [InlineData("""{"tenant":"acme","agent":"resolver","input":"\ud800"}""", 400, FailureCode.SubmissionInvalid)]
    [InlineData("""{"tenant":"acme","agent":"resolver","input":"x","priority":"urgent"}""", 400, FailureCode.SubmissionInvalid)]
    [InlineData("""{"tenant":"acme","agent":"nobody","input":"x"}""", 404, FailureCode.AgentUnknown)]
    [InlineData("""{"tenant":"umbrella","agent":"resolver","input":"x"}""", 403, HttpCode.TenantForbidden)]
    public async Task A_bad_submission_is_refused_by_name_and_never_reaches_the_bus(string body, int status, string code)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { RequireApiKeys = true });
        using var client = orchestrator.Client(await orchestrator.CreateKeyAsync("acme"));

        using var answer = await client.PostTextAsync(body);

        await answer.AssertProblemAsync((HttpStatusCode)status, code);
        Assert.Equal(0, orchestrator.Traffic.Sent<SubmitInvocation>());
        Assert.Empty(orchestrator.Traffic.Events);
    }

    [Fact]
    public async Task What_is_too_large_is_refused_with_and_without_a_length()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup
        {
            Settings = new Dictionary<string, string?> { ["Ingress:MaxBodyBytes"] = "2000", ["Ingress:MaxInputBytes"] = "1000" },
        });
        using var client = orchestrator.Client();
        static string Body(int size) => $$"""{"tenant":"acme","agent":"resolver","input":"{{new string('x', size)}}"}""";

        using var input = await client.PostTextAsync(Body(1500));
        using var body = await client.PostTextAsync(Body(2500));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/invocations") { Content = new StringContent(Body(100_000), null, "application/json") };
        request.Headers.TransferEncodingChunked = true;
        using var chunked = await client.SendAsync(request, TestContext.Current.CancellationToken);
        using var good = await client.PostTextAsync(Body(900));

        foreach (var answer in new[] { input, body, chunked })
        {
            await answer.AssertProblemAsync(HttpStatusCode.RequestEntityTooLarge, FailureCode.InputTooLarge);
        }

        Assert.Equal(HttpStatusCode.Accepted, good.StatusCode);
    }

    [Theory]
    [InlineData("POST", "/invocations", "text/plain", 415, HttpCode.ContentTypeUnsupported)]
    [InlineData("POST", "/invocations", "application/x-www-form-urlencoded", 415, HttpCode.ContentTypeUnsupported)]
    [InlineData("PUT", "/invocations", "application/json", 405, HttpCode.MethodNotAllowed)]
    [InlineData("POST", "/no/such/route", "application/json", 404, HttpCode.RouteUnknown)]
    [InlineData("GET", "/invocations/not-an-id", null, 404, HttpCode.RouteUnknown)]
    [InlineData("GET", "/invocations?limit=0", null, 400, HttpCode.QueryInvalid)]
    [InlineData("GET", "/invocations?limit=201", null, 400, HttpCode.QueryInvalid)]
    [InlineData("GET", "/invocations?state=Sleeping", null, 400, HttpCode.QueryInvalid)]
    [InlineData("GET", "/invocations?acceptedAfter=yesterday", null, 400, HttpCode.QueryInvalid)]
    [InlineData("GET", "/invocations?agent=a&agent=b", null, 400, HttpCode.QueryInvalid)]
    [InlineData("GET", "/invocations?cursor=AAAA", null, 400, HttpCode.CursorInvalid)]
    [InlineData("GET", "/invocations/7d9c3f0a-3f0e-4a3e-9a59-0f6a3a3d1b11", null, 404, HttpCode.InvocationUnknown)]
    [InlineData("GET", "/invocations/7d9c3f0a-3f0e-4a3e-9a59-0f6a3a3d1b11/timeline", null, 404, HttpCode.InvocationUnknown)]
    [InlineData("GET", "/invocations/7d9c3f0a-3f0e-4a3e-9a59-0f6a3a3d1b11/timeline?after=-1", null, 400, HttpCode.QueryInvalid)]
    [InlineData("GET", "/invocations/7d9c3f0a-3f0e-4a3e-9a59-0f6a3a3d1b11/events", null, 404, HttpCode.InvocationUnknown)]
    [InlineData("GET", "/invocations/7d9c3f0a-3f0e-4a3e-9a59-0f6a3a3d1b11/events?after=x", null, 400, HttpCode.QueryInvalid)]
    [InlineData("DELETE", "/invocations/7d9c3f0a-3f0e-4a3e-9a59-0f6a3a3d1b11", null, 404, HttpCode.InvocationUnknown)]
    public async Task Every_refusal_has_a_name(string method, string path, string? contentType, int status, string code)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        using var client = orchestrator.Client();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (contentType is not null)
        {
            request.Content = new StringContent("{}", null, contentType);
        }

        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);

        await answer.AssertProblemAsync((HttpStatusCode)status, code);
    }

    [Fact]
    public async Task A_bus_request_of_another_process_is_answered()
    {
        await using var host = await RabbitMqVirtualHost.CreateAsync();
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { VirtualHost = host, Clock = TimeProvider.System });
        var other = Bus.Factory.CreateUsingRabbitMq(x => x.Host(host.Uri));
        await other.StartAsync(TestContext.Current.CancellationToken);
        try
        {
            var client = other.CreateRequestClient<SubmitInvocation>(new Uri("exchange:invocations.resolver"));
            var submission = OrchestratorFixture.Submission() with { InvocationId = null, IdempotencyKey = "order-7" };

            var accepted = await client.GetResponse<InvocationEvent>(submission, TestContext.Current.CancellationToken);
            var again = await client.GetResponse<InvocationEvent>(submission, TestContext.Current.CancellationToken);
            var rejected = await client.GetResponse<InvocationEvent>(submission with { Priority = "urgent" }, TestContext.Current.CancellationToken);
            using var http = orchestrator.Client();
            using var posted = await http.PostTextAsync(JsonSerializer.Serialize(submission, JsonSerializerOptions.Web));

            Assert.Equal(["accepted", "accepted", "rejected"], new[] { accepted, again, rejected }.Select(x => x.Message.Event));
            Assert.Equal(FailureCode.SubmissionInvalid, rejected.Message.Code);
            Assert.Equal(HttpStatusCode.Accepted, posted.StatusCode);
            Assert.Equal([accepted.Message.InvocationId, accepted.Message.InvocationId], [again.Message.InvocationId, (await posted.JsonAsync()).GetProperty("invocationId").GetGuid()]);
        }
        finally
        {
            await other.StopAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task Without_a_broker_the_caller_hears_that_nothing_is_known()
    {
        await using var host = await RabbitMqVirtualHost.CreateAsync();
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup
        {
            VirtualHost = host,
            Clock = TimeProvider.System,
            Settings = new Dictionary<string, string?> { ["Http:BusTimeout"] = "00:00:02", ["Bus:StopTimeout"] = "00:00:02" },
        });
        using var client = orchestrator.Client();
        var submission = OrchestratorFixture.Submission();
        var body = JsonSerializer.Serialize(submission, JsonSerializerOptions.Web);
        var before = OrchestratorFixture.Submission();
        Assert.Equal(HttpStatusCode.Accepted, (await client.PostTextAsync(JsonSerializer.Serialize(before, JsonSerializerOptions.Web))).StatusCode);

        await host.DeleteAsync();
        using var unanswered = await client.PostTextAsync(body);
        using var cancel = await client.DeleteAsync($"/invocations/{before.InvocationId}", TestContext.Current.CancellationToken);
        await host.MakeAsync();

        var problem = await unanswered.AssertProblemAsync(HttpStatusCode.ServiceUnavailable, HttpCode.AdmissionUnanswered);
        Assert.Equal(submission.InvocationId, problem.GetProperty("invocationId").GetGuid());
        await cancel.AssertProblemAsync(HttpStatusCode.ServiceUnavailable, HttpCode.CancelUnconfirmed);
        await Eventually.HoldsAsync(async () => (await client.PostTextAsync(body)).StatusCode == HttpStatusCode.Accepted, "the submission was accepted once the broker was back");
        Assert.Equal(2, await orchestrator.ReadAsync(x => x.Invocations.CountAsync()));
    }
}
