using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Tests.Invocations;

public sealed class ToolCallIdTests
{
    private static readonly Guid Invocation = new("0a1b2c3d-0000-4000-8000-000000000001");

    [Fact]
    public void The_index_is_read_back() => Assert.Equal(255, ToolCallId.IndexIn(Invocation, 12, ToolCallId.Of(Invocation, 12, 255)));

    [Fact]
    public void The_form_is_fixed_because_the_outside_sees_it() => Assert.Equal("0a1b2c3d000040008000000000000001-12-255", ToolCallId.Of(Invocation, 12, 255));

    [Fact]
    public void An_id_of_another_turn_is_not_of_this_one() => Assert.Null(ToolCallId.IndexIn(Invocation, 1, ToolCallId.Of(Invocation, 11, 0)));

    [Fact]
    public void An_id_of_another_invocation_is_not_of_this_one() => Assert.Null(ToolCallId.IndexIn(Invocation, 1, ToolCallId.Of(Guid.NewGuid(), 1, 0)));

    [Theory]
    [InlineData("")]
    [InlineData("call_0")]
    [InlineData("0a1b2c3d000040008000000000000001-1-")]
    [InlineData("0a1b2c3d000040008000000000000001-1--1")]
    [InlineData("0a1b2c3d000040008000000000000001-1-0x")]
    [InlineData("0a1b2c3d000040008000000000000001-1-99999999999")]
    public void Anything_else_is_no_id(string id) => Assert.Null(ToolCallId.IndexIn(Invocation, 1, id));
}
