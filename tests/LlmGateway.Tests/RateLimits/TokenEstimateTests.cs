using Pipeline.LlmGateway.RateLimits;
using Pipeline.LlmGateway.Tests.Providers;

namespace Pipeline.LlmGateway.Tests.RateLimits;

public sealed class TokenEstimateTests
{
    [Fact]
    public void A_provider_that_charges_at_admission_takes_the_larger_of_prompt_and_output_and_keeps_it()
    {
        var estimate = new TokenEstimate(ChargeModel.LargerOfPromptAndMaxTokens, outputShare: 0.5);

        Assert.Equal(800, estimate.Of(ProtocolJson.Conversation));
        Assert.Equal(4004, estimate.Of(ProtocolJson.Conversation with { SystemPrompt = new string('x', 16_000), Messages = [], Tools = [] }));
        Assert.Equal(800, estimate.Settled(800, 120));
        Assert.Equal(900, estimate.Settled(800, 900));
    }

    [Fact]
    public void A_provider_that_charges_as_it_produces_is_settled_on_what_it_reports()
    {
        var estimate = new TokenEstimate(ChargeModel.InputThenOutput, outputShare: 0.5);

        Assert.InRange(estimate.Of(ProtocolJson.Conversation), 400 + 50, 400 + 150);
        Assert.Equal(120, estimate.Settled(800, 120));
    }
}
