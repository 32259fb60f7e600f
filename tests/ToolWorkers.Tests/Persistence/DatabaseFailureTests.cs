using Microsoft.EntityFrameworkCore;
using Npgsql;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers.Tests.Persistence;

public sealed class DatabaseFailureTests
{
    [Fact]
    public void What_EF_takes_for_transient_is_recognised_within_its_wrapping() =>
        Assert.True(DatabaseFailure.Is(new InvalidOperationException("An exception has been raised that is likely due to a transient failure.", new NpgsqlException("the database system is starting up"))));

    [Fact]
    public void A_failed_write_is_recognised() => Assert.True(DatabaseFailure.Is(new DbUpdateException("could not be saved")));

    [Fact]
    public void A_fault_of_the_code_is_not() => Assert.False(DatabaseFailure.Is(new InvalidOperationException("Sequence contains no elements")));
}
