using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Holding;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Pools;

/// <summary>What a request does after each kind of failure, and along which pools.</summary>
public sealed class RetryPolicyTests : IAsyncDisposable
{
    private GatewayFixture? _gateway;

    [Theory]
    [InlineData("Throttled", 429, "again 0")]
    [InlineData("SlowDown", 429, "again 0")]
    [InlineData("Throttled", null, "-> second")]
    [InlineData("Overloaded", 503, "again")]
    [InlineData("Unavailable", 500, "again")]
    [InlineData("Unreachable", null, "again")]
    [InlineData("CircuitOpen", null, "-> second")]
    [InlineData("KeyRefused", 401, "again 0")]
    [InlineData("QuotaExhausted", 429, "again 0")]
    [InlineData("CredentialsExhausted", null, "-> second")]
    [InlineData("TooLarge", 413, "-> second")]
    [InlineData("ContextExceeded", 400, "-> long")]
    [InlineData("Refused", 400, "end")]
    [InlineData("AnswerInvalid", 200, "end")]
    [InlineData("DeadlineExceeded", null, "end")]
    public async Task Each_failure_has_its_next_step(string kind, int? status, string step)
    {
        await StartAsync();

        Assert.StartsWith(step, Decide("first", Enum.Parse<ModelFailureKind>(kind), status));
    }

    [Fact]
    public async Task What_may_pass_is_tried_a_bounded_number_of_times_then_the_next_pool()
    {
        await StartAsync();
        var request = Request();

        Assert.StartsWith("again", Decide("first", ModelFailureKind.Overloaded, 503, request));
        Assert.Equal("-> second", Decide("first", ModelFailureKind.Overloaded, 503, request));
        request = Request();
        Assert.StartsWith("again", Decide("long", ModelFailureKind.Overloaded, 503, request));
        Assert.StartsWith("again", Decide("long", ModelFailureKind.Overloaded, 503, request));
        Assert.StartsWith("again", Decide("long", ModelFailureKind.Overloaded, 503, request));
        Assert.Equal("end", Decide("long", ModelFailureKind.Overloaded, 503, request));
    }

    [Fact]
    public async Task Pools_that_are_out_are_passed_over()
    {
        await StartAsync();
        Break("second");

        Assert.Equal("-> long", Decide("first", ModelFailureKind.CircuitOpen, null));

        // Its key is refused: out as well. Who has nobody else waits for the circuit, and does not count that.
        var ring = Services.GetRequiredService<KeyDirectory>().Of("long");
        ring.Report(ring.Choose()!, new ModelFailure(ModelFailureKind.KeyRefused, "no"));
        Assert.StartsWith("again", Decide("first", ModelFailureKind.CircuitOpen, null));
        Assert.Equal("end", Decide("first", ModelFailureKind.CredentialsExhausted, null));
        Assert.Equal("end", Decide("long", ModelFailureKind.KeyRefused, 401));
    }

    [Fact]
    public async Task A_larger_context_must_be_known_and_hold_the_request()
    {
        await StartAsync();

        Assert.Equal("-> long", Decide("first", ModelFailureKind.ContextExceeded, 400, Request(prompt: 150_000)));
        Assert.Equal("end", Decide("first", ModelFailureKind.ContextExceeded, 400, Request(prompt: 250_000)));
        Assert.Equal("end", Decide("long", ModelFailureKind.ContextExceeded, 400));
    }

    public ValueTask DisposeAsync() => _gateway?.DisposeAsync() ?? ValueTask.CompletedTask;

    private IServiceProvider Services => _gateway!.Services;

    private ModelPoolCatalog Pools => Services.GetRequiredService<ModelPoolCatalog>();

    private async Task StartAsync() => _gateway = await GatewayFixture.StartAsync(
        ("Pools:first:Fallback", "second"), ("Pools:first:ContextTokens", "8000"),
        ("Pools:second:Fallback", "long"), ("Pools:second:ContextTokens", "8000"),
        ("Pools:long:ContextTokens", "200000"), ("CircuitMinimumCalls", "2"));

    private void Break(string pool)
    {
        var circuit = Pools.Find(pool)!.Circuit;
        for (var i = 0; i < 2; i++)
        {
            circuit.Leave(circuit.TryEnter()!, new ModelFailure(ModelFailureKind.Overloaded, "full"));
        }
    }

    private string Decide(string pool, ModelFailureKind kind, int? status, HeldRequest? request = null)
    {
        var policy = new RetryPolicy(Services.GetRequiredService<FallbackChain>(), Services.GetRequiredService<IOptions<LlmOptions>>(), _gateway!.Time);
        return policy.Decide(request ?? Request(), Pools.Find(pool)!, new ModelFailure(kind, "x") { Status = status }) switch
        {
            NextStep.TryAgain again => $"again {again.Wait.TotalSeconds:0}",
            NextStep.FallBack next => $"-> {next.Pool}",
            _ => "end",
        };
    }

    private HeldRequest Request(int prompt = 100) => new()
    {
        InvocationId = Guid.Parse("0190a0b0-0000-7000-8000-000000000001"),
        Turn = 1,
        Tenant = "acme",
        Agent = "a",
        AskedPool = "first",
        Pool = "first",
        IsInteractive = true,
        EnqueuedAt = _gateway!.Time.GetUtcNow(),
        Deadline = _gateway.Time.GetUtcNow() + TimeSpan.FromMinutes(10),
        PromptTokens = prompt,
        MaxOutputTokens = 100,
    };
}
