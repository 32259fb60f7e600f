using Microsoft.EntityFrameworkCore;

namespace Pipeline.LlmGateway.Persistence;

internal sealed class PostgresLlmGatewayDbContext(DbContextOptions<PostgresLlmGatewayDbContext> options) : LlmGatewayDbContext(options);
