using System.Security.Claims;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Persistence;
using Pipeline.SagaStore;
using Pipeline.ServiceDefaults;

namespace Pipeline.Orchestrator.Tests.Setup;

/// <summary>
/// An orchestrator as its own modules compose it, with its real store; the test plays the model pool, the tools and the upstream system.
/// </summary>
public sealed class OrchestratorFixture : IAsyncDisposable
{
    private static readonly string[] Tools = ["look_up", "refund"];

    private readonly WebApplication _app;
    private readonly TestDatabase _database;
    private readonly bool _ownsDatabase;
    private readonly AgentFolder _agents;
    private readonly CapturedLog _log;

    private OrchestratorFixture(WebApplication app, TestDatabase database, bool ownsDatabase, AgentFolder agents, CapturedLog log, Desks desks, TimeProvider clock)
    {
        (_app, _database, _ownsDatabase, _agents, _log) = (app, database, ownsDatabase, agents, log);
        (Model, ToolCalls, Events) = (desks.Model, desks.Tools, desks.Events);
        Clock = clock as ManualTimeProvider ?? new ManualTimeProvider();
    }

    public Traffic Traffic { get; } = new();

    /// <summary>What was asked of <c>llm.default</c>.</summary>
    public Inbox<RequestCompletion> Model { get; }

    /// <summary>What was asked of the tools.</summary>
    public Inbox<RunTool> ToolCalls { get; }

    /// <summary>What was published to <c>pipeline.events</c>; in-memory transport only.</summary>
    public Inbox<ReceivedEvent> Events { get; }

    public ManualTimeProvider Clock { get; }

    public IServiceProvider Services => _app.Services;

    public IBusControl Bus => Services.GetRequiredService<IBusControl>();

    public string Address => _app.Urls.First();

    public static async Task<OrchestratorFixture> StartAsync(OrchestratorSetup? setup = null)
    {
        setup ??= new OrchestratorSetup();
        var database = setup.Database ?? await TestDatabase.CreateAsync("Sqlite");
        var agents = new AgentFolder().WithTool(Tools);
        if (setup.Agents is null)
        {
            agents.WithAgent(tools: Tools);
        }

        setup.Agents?.Invoke(agents);
        var clock = setup.Clock ?? new ManualTimeProvider();
        var log = new CapturedLog();
        var desks = new Desks(new Inbox<RequestCompletion>(), new Inbox<RunTool>(), new Inbox<ReceivedEvent>());
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(log);
        builder.Services.AddSingleton(clock);
        builder.Configuration.AddInMemoryCollection(Settings(database, agents, setup.VirtualHost));
        builder.Configuration.AddInMemoryCollection(setup.Settings.Append(new("Http:RequireApiKeys", setup.RequireApiKeys.ToString())));
        builder.AddOrchestrator();
        builder.AddPipelineBus(bus =>
        {
            bus.AddOrchestratorConsumers();
            bus.AddReceiveEndpoints(_ => desks.Describe(Tools, setup.VirtualHost is null));
        });
        builder.Services.Select(x => x.ImplementationInstance).OfType<RowStoreOptions>().Single().SweepInterval = setup.SweepInterval;
        var app = builder.Build();
        // access: as with authentication switched off, every request is an operator's.
        app.Use((http, next) =>
        {
            if (http.User.Identity?.IsAuthenticated != true)
            {
                http.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Role, Caller.OperatorRole)], "test"));
            }

            return next(http);
        });
        app.MapOrchestrator();
        await app.MigrateAsync();
        var fixture = new OrchestratorFixture(app, database, setup.Database is null, agents, log, desks, clock);
        fixture.Bus.ConnectConsumeObserver(fixture.Traffic);
        fixture.Bus.ConnectSendObserver(fixture.Traffic);
        fixture.Bus.ConnectPublishObserver(fixture.Traffic);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return fixture;
    }

    /// <summary>Makes a key of the HTTP API: of the tenant, or an operator's for null.</summary>
    public async Task<string> CreateKeyAsync(string? tenant)
    {
        var secret = ApiKeySecret.Create();
        await ReadAsync(async x =>
        {
            x.ApiKeys.Add(new ApiKey { Id = NewId.NextGuid(), Name = "test", Tenant = tenant, IsOperator = tenant is null, Hash = ApiKeySecret.Hash(secret), CreatedAt = Clock.GetUtcNow().UtcDateTime });
            return await x.SaveChangesAsync();
        });
        return secret;
    }

    /// <summary>A client of the HTTP API that sends this key.</summary>
    public HttpClient Client(string? key = null)
    {
        var client = new HttpClient { BaseAddress = new Uri(Address), Timeout = TimeSpan.FromMinutes(2) };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Add("X-Api-Key", key);
        }

        return client;
    }

    /// <summary>A submission as <c>resolver</c> takes it.</summary>
    public static SubmitInvocation Submission(string input = "Help me.", string agent = "resolver") => new()
    {
        Tenant = "acme",
        Agent = agent,
        Input = System.Text.Json.JsonSerializer.SerializeToElement(input),
        InvocationId = NewId.NextGuid(),
    };

    /// <summary>Sends a submission to its agent's queue and waits until it was consumed.</summary>
    public Task SubmitAsync(SubmitInvocation submission, Guid? messageId = null) => SendToAsync(QueueName.Invocations(submission.Agent), submission, messageId);

    /// <summary>Sends an answer, a timer or a cancellation and waits until it was consumed.</summary>
    public Task SendAsync<T>(T message, Guid? messageId = null)
        where T : class => SendToAsync(QueueName.InvocationEvents, message, messageId);

    /// <summary>Starts an invocation and takes the first request from the model pool's queue.</summary>
    public async Task<RequestCompletion> StartInvocationAsync(SubmitInvocation? submission = null)
    {
        await SubmitAsync(submission ?? Submission());
        return await Model.NextAsync();
    }

    /// <summary>Starts an invocation and lets the model ask for the tools.</summary>
    public async Task<IReadOnlyList<RunTool>> StartToolsAsync(params string[] tools)
    {
        await AskForToolsAsync(await StartInvocationAsync(), tools);
        return await ToolCalls.NextAsync(tools.Length);
    }

    public Task AnswerAsync(RequestCompletion request, string text = "Done.") => SendAsync(Answer(request, text));

    public Task AskForToolsAsync(RequestCompletion request, params string[] tools) => SendAsync(ToolRequest(request, tools));

    public Task ToolAnswersAsync(RunTool call, string result = "{}") => SendAsync(ToolResult(call, result));

    public Task DeadlineElapsesAsync(Guid id) => SendAsync(new InvocationTimerElapsed(id, Clock.GetUtcNow().UtcDateTime));

    public static CompletionReceived Answer(RequestCompletion request, string text = "Done.") => new()
    {
        InvocationId = request.InvocationId,
        Turn = request.Turn,
        Text = text,
        FinishReason = "stop",
        Usage = new TokenUsage { InputTokens = 10, OutputTokens = 5 },
    };

    public static CompletionReceived ToolRequest(RequestCompletion request, params string[] tools) => Answer(request) with
    {
        Text = null,
        FinishReason = "tool_calls",
        ToolCalls = [.. tools.Select((x, index) => new ToolCallRequest { Id = $"call_{index}", Name = x, Arguments = $$"""{"n":{{index}}}""" })],
    };

    public static ToolSucceeded ToolResult(RunTool call, string result = "{}") => new()
    {
        InvocationId = call.InvocationId,
        Turn = call.Turn,
        CallId = call.CallId,
        Tool = call.Tool,
        Result = result,
    };

    public static ToolFailed ToolFailure(RunTool call) => new()
    {
        InvocationId = call.InvocationId,
        Turn = call.Turn,
        CallId = call.CallId,
        Tool = call.Tool,
        Code = FailureCode.ToolTimeout,
        Reason = "No answer in 5 s.",
    };

    public async Task<T> ReadAsync<T>(Func<OrchestratorDbContext, Task<T>> read)
    {
        await using var scope = Services.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>());
    }

    public Task<InvocationState> RowAsync(Guid id) => ReadAsync(x => x.Invocations.AsNoTracking().SingleAsync(y => y.CorrelationId == id));

    public Task<List<TimelineEntry>> TimelineAsync(Guid id) => ReadAsync(x => x.Timeline.AsNoTracking().Where(y => y.InvocationId == id).OrderBy(y => y.Seq).ToListAsync());

    /// <summary>The invocation ended so; there was one terminal event, the timeline is dense and ends with it, and nothing faulted.</summary>
    public async Task<InvocationEvent> AssertEndedAsync(Guid id, string name)
    {
        var terminal = Assert.Single(Traffic.Events, x => x.InvocationId == id && InvocationEventName.IsTerminal(x.Event));
        Assert.Equal(name, terminal.Event);
        var row = await RowAsync(id);
        Assert.Equal(name, row.CurrentState, ignoreCase: true);
        Assert.NotNull(row.EndedAt);
        Assert.Null(row.WakeAt);
        var timeline = await TimelineAsync(id);
        Assert.Equal(Enumerable.Range(1, timeline.Count), timeline.Select(x => x.Seq));
        Assert.Equal(row.LastSeq, timeline.Count);
        Assert.Equal(name, timeline[^1].Kind);
        Assert.Single(timeline, x => InvocationEventName.IsTerminal(x.Kind));
        Assert.Empty(Traffic.Faults);
        return terminal;
    }

    /// <summary>Runs something and asserts that it changed neither the row nor the timeline, and sent nothing.</summary>
    public async Task AssertChangesNothingAsync(Guid id, Func<Task> action)
    {
        var before = await PictureAsync(id);
        await action();
        Assert.Equal(before, await PictureAsync(id));
        Assert.Empty(Traffic.Faults);
    }

    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
        {
            // The end of it: a test of thousands of requests logs more than anybody reads.
            Console.WriteLine(string.Join(Environment.NewLine, _log.Lines.TakeLast(500).Select(x => x.Length > 2000 ? x[..2000] : x)));
        }

        await _app.StopAsync();
        await _app.DisposeAsync();
        _agents.Dispose();
        if (_ownsDatabase)
        {
            await _database.DisposeAsync();
        }
    }

    public async Task SendToAsync<T>(string queue, T message, Guid? messageId = null)
        where T : class
    {
        var id = messageId ?? NewId.NextGuid();
        var before = Traffic.Consumed(id);
        var endpoint = await Bus.GetSendEndpoint(new Uri($"exchange:{queue}"));
        await endpoint.Send(message, x => x.MessageId = id, TestContext.Current.CancellationToken);
        await Eventually.HoldsAsync(() => Task.FromResult(Traffic.Consumed(id) > before), $"a {typeof(T).Name} was consumed");
    }

    private async Task<string> PictureAsync(Guid id)
    {
        var row = await RowAsync(id);
        return $"{row.CurrentState} turn {row.Turn} calls {row.ToolCalls} tokens {row.InputTokens} seq {row.LastSeq} pending {Convert.ToHexString(row.PendingCalls ?? [])} wake {row.WakeAt:O}; " +
            $"{(await TimelineAsync(id)).Count} entries; sent {Traffic.Sent<RequestCompletion>()} {Traffic.Sent<RunTool>()} {Traffic.Sent<InvocationEvent>()}";
    }

    private static Dictionary<string, string?> Settings(TestDatabase database, AgentFolder agents, RabbitMqVirtualHost? virtualHost)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Database:Provider"] = database.Provider,
            ["Database:ConnectionString"] = database.ConnectionString,
            ["Agents:Directory"] = agents.Agents,
            ["Bus:Transport"] = "InMemory",
            // Tests look for what failed in the broker's queues; those of dead letters turn it on.
            ["DeadLetters:Collect"] = "false",
        };
        if (virtualHost is not null)
        {
            settings["Bus:Transport"] = "RabbitMq";
            settings["Bus:Host"] = virtualHost.Uri.Host;
            settings["Bus:Port"] = virtualHost.Uri.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
            settings["Bus:VirtualHost"] = virtualHost.Name;
            settings["Bus:Username"] = virtualHost.Username;
            settings["Bus:Password"] = virtualHost.Password;
        }

        return settings;
    }

    private sealed record Desks(Inbox<RequestCompletion> Model, Inbox<RunTool> Tools, Inbox<ReceivedEvent> Events)
    {
        public IEnumerable<PipelineEndpoint> Describe(IEnumerable<string> tools, bool inMemory)
        {
            yield return Desk(QueueName.ModelPool("default"), Model);
            foreach (var tool in tools)
            {
                yield return Desk(QueueName.Tool(tool), Tools);
            }

            if (inMemory)
            {
                yield return new PipelineEndpoint
                {
                    QueueName = "upstream-system",
                    ConcurrentMessageLimit = 1,
                    Configure = (_, queue) =>
                    {
                        ((IInMemoryReceiveEndpointConfigurator)queue).Bind(QueueName.EventExchange);
                        queue.Handler<InvocationEvent>(x =>
                        {
                            Events.Add(new ReceivedEvent(x.Message, x.ReceiveContext.Body.GetString()));
                            return Task.CompletedTask;
                        });
                    },
                };
            }
        }

        private static PipelineEndpoint Desk<T>(string queueName, Inbox<T> inbox)
            where T : class => new()
            {
                QueueName = queueName,
                Configure = (_, queue) => queue.Handler<T>(x =>
                {
                    inbox.Add(x.Message);
                    return Task.CompletedTask;
                }),
            };
    }
}
