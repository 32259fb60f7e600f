using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MassTransit;
using MassTransit.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Ingress;

/// <summary>Submissions within one process, as the embedded host takes them.</summary>
public sealed class InMemoryIngressTests
{
    [Fact]
    public async Task Plain_JSON_is_accepted()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();

        await PublishAsync(orchestrator, """{"tenant":"acme","agent":"resolver","input":{"a":1}}""");

        Assert.Equal(InvocationEventName.Accepted, (await orchestrator.Events.NextAsync()).Event.Event);
        Assert.Equal("""{"a":1}""", (await orchestrator.Model.NextAsync()).Messages[0].Text);
    }

    [Theory]
    [InlineData("{", FailureCode.SubmissionInvalid)]
    [InlineData("", FailureCode.SubmissionInvalid)]
    [InlineData("""{"tenant":"acme","agent":"resolver"}""", FailureCode.SubmissionInvalid)]
    [InlineData("""{"tenant":"acme","agent":"nobody","input":"x"}""", FailureCode.AgentUnknown)]
    [InlineData("""{"tenant":"acme","agent":"resolver","input":"x","priority":"urgent"}""", FailureCode.SubmissionInvalid)]
    public async Task A_bad_body_is_rejected_by_name_and_the_next_one_works(string body, string code)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();

        await PublishAsync(orchestrator, body);
        var rejected = (await orchestrator.Events.NextAsync()).Event;
        await PublishAsync(orchestrator, """{"tenant":"acme","agent":"resolver","input":"x"}""");

        Assert.Equal((InvocationEventName.Rejected, code), (rejected.Event, rejected.Code));
        Assert.Equal(InvocationEventName.Accepted, (await orchestrator.Events.NextAsync()).Event.Event);
    }

    [Fact]
    public async Task Every_broken_rule_is_named()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();

        await PublishAsync(
            orchestrator,
            $$"""{"tenant":"a b","agent":"resolver","input":[],"session":"","idempotencyKey":"{{new string('k', 201)}}","invocationId":"{{Guid.Empty}}","priority":"urgent"}""");

        var reason = (await orchestrator.Events.NextAsync()).Event.Reason!;
        Assert.All(["tenant", "input", "session", "idempotencyKey", "invocationId", "priority"], x => Assert.Contains(x, reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_bus_request_is_answered_with_the_admission()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var client = orchestrator.Bus.CreateRequestClient<SubmitInvocation>(new Uri("exchange:invocations.resolver"));
        var submission = OrchestratorFixture.Submission() with { InvocationId = null, IdempotencyKey = "order-7" };

        var accepted = await client.GetResponse<InvocationEvent>(submission, TestContext.Current.CancellationToken);
        var again = await client.GetResponse<InvocationEvent>(submission, TestContext.Current.CancellationToken);
        var conflict = await client.GetResponse<InvocationEvent>(submission with { Session = "another" }, TestContext.Current.CancellationToken);
        var rejected = await client.GetResponse<InvocationEvent>(submission with { Tenant = "a.b" }, TestContext.Current.CancellationToken);

        Assert.Equal(["accepted", "accepted", "rejected", "rejected"], new[] { accepted, again, conflict, rejected }.Select(x => x.Message.Event));
        Assert.Equal(accepted.Message.InvocationId, again.Message.InvocationId);
        Assert.Equal([FailureCode.IdempotencyConflict, FailureCode.SubmissionInvalid], new[] { conflict, rejected }.Select(x => x.Message.Code));
    }

    [Fact]
    public async Task A_key_belongs_to_one_tenant_and_one_agent()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Agents = x => x.WithAgent().WithAgent("other") });
        var submission = OrchestratorFixture.Submission() with { InvocationId = null, IdempotencyKey = "order-7" };
        var ids = new List<Guid>();

        foreach (var variant in new[] { submission, submission with { Tenant = "umbrella" }, submission with { Agent = "other" }, submission with { IdempotencyKey = "order-8" } })
        {
            ids.Add((await orchestrator.StartInvocationAsync(variant)).InvocationId);
        }

        Assert.Equal(4, ids.Distinct().Count());
        Assert.Empty(orchestrator.Traffic.Faults);
        await orchestrator.SubmitAsync(submission);
        Assert.Equal(ids[0], orchestrator.Traffic.Events[0].InvocationId);
        Assert.Equal(4, orchestrator.Traffic.Events.Count);
    }

    [Fact]
    public async Task The_same_key_means_the_same_invocation_in_another_process()
    {
        var submission = OrchestratorFixture.Submission() with { InvocationId = null, IdempotencyKey = "order-7" };
        await using var one = await OrchestratorFixture.StartAsync();
        await using var other = await OrchestratorFixture.StartAsync();

        Assert.Equal((await one.StartInvocationAsync(submission)).InvocationId, (await other.StartInvocationAsync(submission)).InvocationId);
    }

    [Fact]
    public async Task The_deepest_input_that_is_taken_can_be_shown()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var submission = OrchestratorFixture.Submission();
        var depth = 64;
        InvocationEvent told;
        do
        {
            depth--;
            var nested = $$"""{"a":{{new string('[', depth - 2)}}{{new string(']', depth - 2)}}}""";
            await PublishAsync(orchestrator, $$"""{"tenant":"acme","agent":"resolver","invocationId":"{{submission.InvocationId}}","input":{{nested}}}""");
            told = (await orchestrator.Events.NextAsync()).Event;
        }
        while (told.Event == InvocationEventName.Rejected);

        using var http = new HttpClient();
        var timeline = await http.GetFromJsonAsync<JsonElement[]>(new Uri($"{orchestrator.Address}/invocations/{submission.InvocationId}/timeline"), new JsonSerializerOptions(JsonSerializerOptions.Web) { MaxDepth = 200 }, TestContext.Current.CancellationToken);

        Assert.Equal("accepted", Assert.Single(timeline!).GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Two_that_claim_one_key_at_once_are_one_accepted_and_one_refused()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Clock = TimeProvider.System });
        var submission = OrchestratorFixture.Submission() with { IdempotencyKey = "order-7" };

        await Task.WhenAll(
            PublishAsync(orchestrator, JsonSerializer.Serialize(submission, JsonSerializerOptions.Web)),
            PublishAsync(orchestrator, JsonSerializer.Serialize(submission with { InvocationId = NewId.NextGuid() }, JsonSerializerOptions.Web)));

        var events = await orchestrator.Events.NextAsync(2);
        Assert.Equal(["accepted", "rejected"], events.Select(x => x.Event.Event).Order());
    }

    private static async Task PublishAsync(OrchestratorFixture orchestrator, string body)
    {
        var endpoint = await orchestrator.Bus.GetSendEndpoint(new Uri("exchange:invocations.resolver"));
        await endpoint.Send(
            new SerializedMessageBody(),
            x => x.Serializer = new CopyBodySerializer(SystemTextJsonRawMessageSerializer.JsonContentType, new BytesMessageBody(Encoding.UTF8.GetBytes(body))),
            TestContext.Current.CancellationToken);
    }
}
