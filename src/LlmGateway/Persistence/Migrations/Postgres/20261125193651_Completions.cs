using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pipeline.LlmGateway.Persistence.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Completions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "completions",
                columns: table => new
                {
                    InvocationId = table.Column<Guid>(type: "uuid", nullable: false),
                    Turn = table.Column<int>(type: "integer", nullable: false),
                    Tenant = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    Agent = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    AskedPool = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    Pool = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    Priority = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    State = table.Column<string>(type: "character varying(16)", unicode: false, maxLength: 16, nullable: false),
                    EnqueuedAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    Deadline = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    NotBefore = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    Attempt = table.Column<int>(type: "integer", nullable: false),
                    PromptTokens = table.Column<int>(type: "integer", nullable: false),
                    MaxOutputTokens = table.Column<int>(type: "integer", nullable: false),
                    Body = table.Column<byte[]>(type: "bytea", nullable: true),
                    ResponseAddress = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: true),
                    RequestId = table.Column<Guid>(type: "uuid", nullable: true),
                    ConversationId = table.Column<Guid>(type: "uuid", nullable: true),
                    CorrelationId = table.Column<Guid>(type: "uuid", nullable: true),
                    TraceParent = table.Column<string>(type: "character varying(64)", unicode: false, maxLength: 64, nullable: true),
                    Epoch = table.Column<long>(type: "bigint", nullable: false),
                    Answer = table.Column<byte[]>(type: "bytea", nullable: true),
                    IsFailure = table.Column<bool>(type: "boolean", nullable: false),
                    CompletedAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    AnsweredAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_completions", x => new { x.InvocationId, x.Turn });
                });

            migrationBuilder.CreateTable(
                name: "limit_domains",
                columns: table => new
                {
                    Name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    Epoch = table.Column<long>(type: "bigint", nullable: false),
                    Owner = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true),
                    Beat = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_limit_domains", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "model_calls",
                columns: table => new
                {
                    InvocationId = table.Column<Guid>(type: "uuid", nullable: false),
                    Turn = table.Column<int>(type: "integer", nullable: false),
                    Attempt = table.Column<int>(type: "integer", nullable: false),
                    Tenant = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    Agent = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    Pool = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    Domain = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    KeyAlias = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    Model = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    DispatchedAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    EndedAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    Outcome = table.Column<string>(type: "character varying(32)", unicode: false, maxLength: 32, nullable: false),
                    InputTokens = table.Column<int>(type: "integer", nullable: false),
                    OutputTokens = table.Column<int>(type: "integer", nullable: false),
                    CachedTokens = table.Column<int>(type: "integer", nullable: false),
                    ArrivalTokens = table.Column<long>(type: "bigint", nullable: false),
                    ArrivalInput = table.Column<long>(type: "bigint", nullable: false),
                    ArrivalOutput = table.Column<long>(type: "bigint", nullable: false),
                    ProducedTokens = table.Column<long>(type: "bigint", nullable: false),
                    ProducedInput = table.Column<long>(type: "bigint", nullable: false),
                    ProducedOutput = table.Column<long>(type: "bigint", nullable: false),
                    ReservedTokens = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_model_calls", x => new { x.InvocationId, x.Turn, x.Attempt });
                });

            migrationBuilder.CreateIndex(
                name: "IX_completions_State_CompletedAt",
                table: "completions",
                columns: new[] { "State", "CompletedAt" });

            migrationBuilder.CreateIndex(
                name: "IX_model_calls_DispatchedAt",
                table: "model_calls",
                column: "DispatchedAt");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "completions");

            migrationBuilder.DropTable(
                name: "limit_domains");

            migrationBuilder.DropTable(
                name: "model_calls");
        }
    }
}
