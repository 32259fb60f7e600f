using MassTransit;
using Pipeline.Fixtures;
using Pipeline.LlmGateway.Holding;

namespace Pipeline.LlmGateway.Tests.Holding;

public sealed class HoldQueueTests
{
    private static readonly string[] Pools = ["default"];

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void A_tenant_with_a_hundredfold_backlog_gets_its_share_and_no_more()
    {
        var queue = Queue();
        for (var number = 0; number < 10_000; number++)
        {
            queue.Add(Request("noisy"));
        }

        for (var number = 0; number < 100; number++)
        {
            queue.Add(Request("quiet"));
            queue.Add(Request("small"));
        }

        var served = Serve(queue, 300, x => 1000);

        Assert.Equal((100, 100, 100), (served["noisy"], served["quiet"], served["small"]));
    }

    [Fact]
    public void What_is_shared_is_charged_tokens_by_weight_not_requests()
    {
        var queue = Queue(new HoldQueueOptions { TenantWeights = { ["heavy"] = 3 } });
        for (var number = 0; number < 5000; number++)
        {
            queue.Add(Request("large"));
            queue.Add(Request("small"));
            queue.Add(Request("heavy"));
        }

        var tokens = new Dictionary<string, double>();
        for (var total = 0d; total < 1_000_000;)
        {
            var next = queue.Peek(Pools)!;
            double charge = next.Tenant == "large" ? 5000 : 500;
            queue.Take(next, charge);
            tokens[next.Tenant] = tokens.GetValueOrDefault(next.Tenant) + charge;
            total += charge;
        }

        Assert.InRange(tokens["large"], 190_000, 210_000);
        Assert.InRange(tokens["small"], 190_000, 210_000);
        Assert.InRange(tokens["heavy"], 590_000, 610_000);
    }

    [Fact]
    public void A_tenant_that_rested_does_not_catch_up()
    {
        var queue = Queue();
        for (var number = 0; number < 1000; number++)
        {
            queue.Add(Request("busy"));
        }

        Serve(queue, 500, x => 1000);
        for (var number = 0; number < 500; number++)
        {
            queue.Add(Request("late"));
        }

        var served = Serve(queue, 100, x => 1000);

        Assert.InRange(served["busy"], 49, 51);
    }

    [Fact]
    public void Batch_waits_for_interactive_until_it_has_aged()
    {
        var queue = Queue(new HoldQueueOptions { BatchAgesAfter = TimeSpan.FromMinutes(1) });
        var batch = Request("tenant", isInteractive: false);
        queue.Add(batch);
        _time.Advance(TimeSpan.FromSeconds(1));
        for (var number = 0; number < 100; number++)
        {
            queue.Add(Request("tenant"));
        }

        Serve(queue, 50, x => 1);
        Assert.Equal(1, queue.WaitingFor("default", isInteractive: false));
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Same(batch, queue.Peek(Pools));
    }

    [Fact]
    public void A_request_that_comes_back_keeps_its_place_and_waits_for_its_pause()
    {
        var queue = Queue();
        var first = Request("tenant");
        queue.Add(first);
        _time.Advance(TimeSpan.FromSeconds(1));
        var second = Request("tenant");
        queue.Add(second);
        queue.Take(first, 10);
        first.NotBefore = _time.GetUtcNow() + TimeSpan.FromSeconds(5);
        Assert.True(queue.Add(first));

        Assert.Same(second, queue.Peek(Pools));
        Assert.Equal(first.NotBefore, queue.NextChange());
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Same(first, queue.Peek(Pools));
    }

    [Fact]
    public void Is_held_once_and_leaves_by_its_deadline()
    {
        var queue = Queue();
        var request = Request("tenant");
        Assert.True(queue.Add(request));
        Assert.False(queue.Add(request));
        Assert.Empty(queue.TakeExpired());
        Assert.Equal(request.Deadline, queue.NextChange());
        _time.Advance(TimeSpan.FromMinutes(10));

        Assert.Same(request, Assert.Single(queue.TakeExpired()));
        Assert.Null(queue.Peek(Pools));
        Assert.Equal(0, queue.Count);
        Assert.Null(queue.NextChange());
    }

    [Fact]
    public void Requests_of_a_pool_that_cannot_be_called_do_not_hold_up_others()
    {
        var queue = Queue();
        queue.Add(Request("tenant", pool: "ill"));
        var well = Request("tenant", pool: "well");
        queue.Add(well);

        Assert.Same(well, queue.Peek(["well"]));
        Assert.Equal("ill", queue.Peek(["ill", "well"])!.Pool);
    }

    [Fact]
    public void Any_order_of_operations_serves_each_request_once()
    {
        var queue = Queue(new HoldQueueOptions { BatchAgesAfter = TimeSpan.FromSeconds(20) });
        var random = new Random(4);
        var held = new HashSet<Guid>();
        var gone = new HashSet<Guid>();
        for (var step = 0; step < 50_000; step++)
        {
            switch (random.Next(10))
            {
                case < 5:
                    var request = Request($"tenant-{random.Next(40)}", $"pool-{random.Next(3)}", random.Next(3) > 0);
                    request.NotBefore = random.Next(5) == 0 ? _time.GetUtcNow() + TimeSpan.FromSeconds(random.Next(30)) : default;
                    Assert.True(queue.Add(request));
                    held.Add(request.InvocationId);
                    break;
                case < 8:
                    if (queue.Peek(["pool-0", "pool-1", "pool-2"]) is { } next)
                    {
                        queue.Take(next, random.Next(1, 5000));
                        Assert.True(held.Remove(next.InvocationId));
                        Assert.True(gone.Add(next.InvocationId));
                    }

                    break;
                case 8:
                    _time.Advance(TimeSpan.FromMilliseconds(random.Next(3000)));
                    break;
                default:
                    foreach (var expired in queue.TakeExpired())
                    {
                        Assert.True(held.Remove(expired.InvocationId));
                        Assert.True(gone.Add(expired.InvocationId));
                    }

                    break;
            }

            Assert.Equal(held.Count, queue.Count);
        }
    }

    private HoldQueue Queue(HoldQueueOptions? options = null) => new(options ?? new HoldQueueOptions(), _time);

    private HeldRequest Request(string tenant, string pool = "default", bool isInteractive = true) => new()
    {
        InvocationId = NewId.NextGuid(),
        Turn = 1,
        Tenant = tenant,
        Agent = "agent",
        AskedPool = pool,
        Pool = pool,
        IsInteractive = isInteractive,
        EnqueuedAt = _time.GetUtcNow(),
        Deadline = _time.GetUtcNow() + TimeSpan.FromMinutes(10),
        PromptTokens = 100,
        MaxOutputTokens = 100,
    };

    private static Dictionary<string, int> Serve(HoldQueue queue, int count, Func<HeldRequest, double> charge)
    {
        var served = new Dictionary<string, int>();
        for (var number = 0; number < count; number++)
        {
            var next = queue.Peek(Pools)!;
            queue.Take(next, charge(next));
            served[next.Tenant] = served.GetValueOrDefault(next.Tenant) + 1;
        }

        return served;
    }
}
