using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Pipeline.LlmGateway.Persistence;

internal sealed class SqliteLlmGatewayDbContext(DbContextOptions<SqliteLlmGatewayDbContext> options) : LlmGatewayDbContext(options)
{
    // SQLite cannot compare or order DateTimeOffset; it can order its UTC ticks.
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicks>();

    private sealed class UtcTicks() : ValueConverter<DateTimeOffset, long>(x => x.UtcTicks, x => new DateTimeOffset(x, TimeSpan.Zero));
}
