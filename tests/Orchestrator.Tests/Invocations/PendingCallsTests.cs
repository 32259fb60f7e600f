using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Tests.Invocations;

public sealed class PendingCallsTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(8, 1)]
    [InlineData(9, 2)]
    [InlineData(256, 32)]
    public void One_bit_for_each_call(int count, int bytes)
    {
        var pending = PendingCalls.Of(Enumerable.Range(0, count), count);

        Assert.Equal(bytes + 2, pending.Length);
        Assert.All(Enumerable.Range(0, count), x => Assert.True(PendingCalls.Contains(pending, x)));
        Assert.False(PendingCalls.Contains(pending, bytes * 8));
    }

    [Fact]
    public void Only_the_given_calls_are_pending()
    {
        var pending = PendingCalls.Of([0, 9], 10);

        Assert.Equal([0, 9], Enumerable.Range(0, 10).Where(x => PendingCalls.Contains(pending, x)));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(10)]
    [InlineData(16)]
    [InlineData(int.MaxValue)]
    public void A_call_outside_of_the_turn_is_not_pending(int index) => Assert.False(PendingCalls.Contains(PendingCalls.Of(Enumerable.Range(0, 10), 10), index));

    [Fact]
    public void Nothing_is_pending_where_nothing_was_asked() => Assert.False(PendingCalls.Contains(null, 0));

    [Fact]
    public void The_last_result_leaves_null()
    {
        var pending = PendingCalls.Of([3, 200], 201);

        Assert.False(PendingCalls.IsLast(pending, 3));
        var left = PendingCalls.Without(pending, 3);

        Assert.NotNull(left);
        Assert.True(PendingCalls.IsLast(left, 200));
        Assert.Null(PendingCalls.Without(left, 200));
    }

    [Fact]
    public void Taking_a_call_out_leaves_the_original_as_it_was()
    {
        var pending = PendingCalls.Of([0, 1], 2);

        _ = PendingCalls.Without(pending, 0);

        Assert.True(PendingCalls.Contains(pending, 0));
    }

    [Fact]
    public void Results_of_the_tools_own_are_counted_and_are_no_calls()
    {
        var pending = PendingCalls.Of(Enumerable.Range(0, 300), 300);
        for (var index = 0; index < 299; index++)
        {
            pending = PendingCalls.Without(pending!, index, hasResult: index % 2 == 0);
        }

        Assert.Equal(150, PendingCalls.Results(pending!));
        Assert.Equal([299], PendingCalls.Indexes(pending!));
        Assert.Null(PendingCalls.Without(pending!, 299, hasResult: true));
    }

    [Theory]
    [InlineData(1, new byte[] { 0b1 })]
    [InlineData(3, new byte[] { 0b101 })]
    [InlineData(16, new byte[] { 0b0000_0010, 0b1000_0000 })]
    [InlineData(20, new byte[] { 0b1000_0001, 0b0000_0001, 0b0000_1001 })]
    public void What_the_version_before_stored_is_read_call_by_call(int count, byte[] stored)
    {
        var pending = Enumerable.Range(0, count).Where(x => (stored[x / 8] & (1 << (x % 8))) != 0).ToList();
        Assert.Equal(pending, PendingCalls.Indexes(stored));
        Assert.Equal(0, PendingCalls.Results(stored));

        byte[]? left = stored;
        foreach (var index in pending)
        {
            Assert.True(PendingCalls.Contains(left, index));
            Assert.Equal(index == pending[^1], PendingCalls.IsLast(left, index));
            left = PendingCalls.Without(left!, index, hasResult: true);
            Assert.False(PendingCalls.Contains(left, index));
        }

        Assert.Null(left);
    }
}
