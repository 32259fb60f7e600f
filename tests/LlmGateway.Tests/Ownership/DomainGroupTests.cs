using Pipeline.LlmGateway.Ownership;

namespace Pipeline.LlmGateway.Tests.Ownership;

public sealed class DomainGroupTests
{
    [Fact]
    public void Pools_that_share_nothing_are_owned_apart()
    {
        var groups = DomainGroup.Divide([("b", ["b"], null), ("a", ["a"], null)]);

        Assert.Equal(["a", "b"], groups.Select(x => x.Name));
        Assert.Equal(["a"], groups[0].Pools);
    }

    [Fact]
    public void A_shared_domain_or_a_fallback_joins_pools()
    {
        var groups = DomainGroup.Divide([("fast", ["org"], "second"), ("large", ["org", "other"], null), ("second", ["vendor"], null), ("alone", ["alone"], null)]);

        Assert.Equal(2, groups.Count);
        Assert.Equal(["alone"], groups[0].Pools);
        Assert.Equal(["fast", "large", "second"], groups[1].Pools);
        Assert.Equal(["org", "other", "vendor"], groups[1].Domains);
    }

    [Fact]
    public void Groups_that_a_later_pool_connects_become_one()
    {
        var groups = DomainGroup.Divide([("a", ["1"], null), ("b", ["2"], null), ("c", ["2", "1"], "a")]);

        Assert.Equal(["a", "b", "c"], Assert.Single(groups).Pools);
    }
}
