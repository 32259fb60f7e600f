using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Estimates;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.RateLimits;
using Pipeline.LlmGateway.Tests.Providers;

namespace Pipeline.LlmGateway.Tests.Estimates;

public sealed class PoolEstimatesTests
{
    private static readonly RequestCompletion Request = ProtocolJson.Conversation with { SystemPrompt = new string('x', 4000), Messages = [], Tools = [] };

    [Fact]
    public void Where_the_provider_counts_characters_the_prompt_is_a_quarter_of_them_whatever_is_billed()
    {
        var estimates = Create(ChargeModel.LargerOfPromptAndMaxTokens);
        for (var i = 0; i < 50; i++)
        {
            estimates.Learn(Request, Usage(2000, 10));
        }

        Assert.Equal(1004, estimates.PromptOf(Request));
    }

    [Fact]
    public void Where_it_counts_tokens_the_agents_own_ratio_is_learned_and_others_take_the_pools()
    {
        var estimates = Create(ChargeModel.InputThenOutput);
        Assert.Equal(1004, estimates.PromptOf(Request));
        for (var i = 0; i < 50; i++)
        {
            estimates.Learn(Request with { Agent = "german" }, Usage(1506, 10));
            estimates.Learn(Request with { Agent = "english" }, Usage(1004, 10));
        }

        // Within the 1 % that the field's best would like to have.
        Assert.InRange(estimates.PromptOf(Request with { Agent = "german" }), 1492, 1521);
        Assert.InRange(estimates.PromptOf(Request with { Agent = "english" }), 995, 1015);
        Assert.InRange(estimates.PromptOf(Request with { Agent = "new" }), 1180, 1330);
    }

    [Fact]
    public void A_ratio_is_bounded_whatever_a_provider_bills()
    {
        var estimates = Create(ChargeModel.InputThenOutput);
        for (var i = 0; i < 50; i++)
        {
            estimates.Learn(Request, Usage(400_000_000, 10));
        }

        Assert.Equal(4 * 1004, estimates.PromptOf(Request));
    }

    [Fact]
    public void Usual_output_is_reserved_once_enough_was_seen_and_never_more_than_was_asked_for()
    {
        var estimates = Create(ChargeModel.InputThenOutput);
        Assert.Equal(400, estimates.ExpectedOutput("a", 800));
        for (var i = 1; i <= 100; i++)
        {
            estimates.Learn(Request with { Agent = "a" }, Usage(1000, i));
        }

        // The 90th percentile, at most a tenth above.
        Assert.InRange(estimates.ExpectedOutput("a", 800), 90, 99);
        Assert.Equal(50, estimates.ExpectedOutput("a", 50));
        Assert.Equal(400, estimates.ExpectedOutput("b", 800));
    }

    [Fact]
    public void Usual_output_follows_an_agent_that_changes()
    {
        var estimates = Create(ChargeModel.InputThenOutput);
        for (var i = 0; i < 2000; i++)
        {
            estimates.Learn(Request, Usage(1000, 50));
        }

        for (var i = 0; i < 1000; i++)
        {
            estimates.Learn(Request, Usage(1000, 400));
        }

        Assert.InRange(estimates.ExpectedOutput(Request.Agent, 800), 400, 440);
    }

    [Fact]
    public void The_requested_output_is_lowered_only_where_the_pool_may_and_the_provider_charges_it_at_once()
    {
        foreach (var (charges, may, lowered) in new[]
        {
            (ChargeModel.LargerOfPromptAndMaxTokens, true, true), (ChargeModel.LargerOfPromptAndMaxTokens, false, false), (ChargeModel.InputThenOutput, true, false),
        })
        {
            var estimates = Create(charges, new PoolOptions { LearnMaxTokens = may });
            for (var i = 0; i < 40; i++)
            {
                estimates.Learn(Request, Usage(1000, 100));
            }

            Assert.InRange(estimates.MaxOutput(Request.Agent, 4000), lowered ? 200 : 4000, lowered ? 230 : 4000);
            Assert.Equal(150, estimates.MaxOutput(Request.Agent, 150));
        }
    }

    [Fact]
    public void Agents_that_were_seen_longest_ago_are_forgotten_first()
    {
        var estimates = Create(ChargeModel.InputThenOutput);
        for (var i = 0; i < 40; i++)
        {
            estimates.Learn(Request with { Agent = "busy" }, Usage(1000, 100));
            estimates.Learn(Request with { Agent = "once" }, Usage(1000, 100));
        }

        for (var i = 0; i < 1100; i++)
        {
            estimates.Learn(Request with { Agent = $"agent-{i}" }, Usage(1000, 100));
            estimates.Learn(Request with { Agent = "busy" }, Usage(1000, 100));
        }

        Assert.InRange(estimates.ExpectedOutput("busy", 800), 100, 110);
        Assert.Equal(400, estimates.ExpectedOutput("once", 800));
    }

    [Fact]
    public void A_quantile_is_at_most_a_tenth_above_and_never_below()
    {
        var histogram = new TokenHistogram();
        Assert.Equal(0, histogram.Quantile(0.9));
        foreach (var tokens in new long[] { 0, 1, 2, 7, 100, 1000, 4096, 131_072, 1_000_000 })
        {
            histogram = new TokenHistogram();
            histogram.Add(tokens);
            Assert.InRange(histogram.Quantile(0.9), tokens, (long)Math.Ceiling((tokens + 1) * 1.1));
        }
    }

    [Fact]
    public void The_error_of_estimates_is_measured()
    {
        var measured = new List<string>();
        using var services = new ServiceCollection().AddMetrics().AddSingleton<EstimateMetrics>().BuildServiceProvider();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, to) =>
            {
                if (instrument.Name == "llmgw.estimate.error" && instrument.Meter.Scope == services.GetRequiredService<IMeterFactory>())
                {
                    to.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) => measured.Add($"{value:0.###} {tags[1].Value}"));
        listener.Start();
        var estimates = new PoolEstimates("p", new PoolOptions(), ChargeModel.InputThenOutput, services.GetRequiredService<EstimateMetrics>());

        estimates.Learn(Request, Usage(502, 100));

        Assert.Equal(["1 input"], measured);
    }

    private static PoolEstimates Create(ChargeModel charges, PoolOptions? options = null)
    {
        var services = new ServiceCollection().AddMetrics().AddSingleton<EstimateMetrics>().BuildServiceProvider();
        return new PoolEstimates("p", options ?? new PoolOptions(), charges, services.GetRequiredService<EstimateMetrics>());
    }

    private static TokenUsage Usage(int input, int output) => new() { InputTokens = input, OutputTokens = output };
}
