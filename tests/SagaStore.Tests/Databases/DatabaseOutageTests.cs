using System.Net.Sockets;
using Pipeline.Fixtures;

namespace Pipeline.SagaStore.Tests.Databases;

public sealed class DatabaseOutageTests
{
    private static readonly SocketException Away = new((int)SocketError.ConnectionRefused);

    private readonly ManualTimeProvider _time = new();
    private int _asked;

    [Fact]
    public async Task An_absent_database_is_asked_again_until_it_answers()
    {
        var answer = AskAsync(failures: 2, TimeSpan.FromMinutes(10));
        while (!answer.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(3));
            await Task.Yield();
        }

        Assert.Equal(3, await answer);
    }

    [Fact]
    public async Task After_its_patience_the_last_error_goes_on_as_it_came() =>
        Assert.Same(Away, await Assert.ThrowsAsync<SocketException>(() => AskAsync(failures: int.MaxValue, TimeSpan.Zero)));

    [Fact]
    public void An_outage_is_told_from_a_bug_whatever_wraps_it()
    {
        Assert.True(DatabaseOutage.Is(new InvalidOperationException("likely transient", new IOException("broken", Away))));
        Assert.False(DatabaseOutage.Is(new InvalidOperationException("a bug")));
    }

    private Task<int> AskAsync(int failures, TimeSpan patience) => DatabaseOutage.OutlastAsync(
        () => ++_asked > failures ? Task.FromResult(_asked) : throw Away,
        patience,
        _time,
        TestContext.Current.CancellationToken);
}
