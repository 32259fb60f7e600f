using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pipeline.ToolWorkers.Persistence.Migrations.SqlServer
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "tool_calls",
                columns: table => new
                {
                    CallId = table.Column<string>(type: "nvarchar(256)", maxLength: 256, nullable: false),
                    Tool = table.Column<string>(type: "nvarchar(64)", maxLength: 64, nullable: false),
                    State = table.Column<string>(type: "nvarchar(16)", maxLength: 16, nullable: false),
                    StartedAt = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: false),
                    StartedBy = table.Column<string>(type: "nvarchar(256)", maxLength: 256, nullable: false),
                    LeaseUntil = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: false),
                    FinishedAt = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: true),
                    Outcome = table.Column<string>(type: "nvarchar(max)", nullable: true),
                    RowVersion = table.Column<byte[]>(type: "rowversion", rowVersion: true, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tool_calls", x => x.CallId);
                });

            migrationBuilder.CreateTable(
                name: "tool_customers",
                columns: table => new
                {
                    Id = table.Column<string>(type: "nvarchar(64)", maxLength: 64, nullable: false),
                    Name = table.Column<string>(type: "nvarchar(200)", maxLength: 200, nullable: false),
                    Email = table.Column<string>(type: "nvarchar(320)", maxLength: 320, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tool_customers", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "tool_accounts",
                columns: table => new
                {
                    Id = table.Column<string>(type: "nvarchar(64)", maxLength: 64, nullable: false),
                    CustomerId = table.Column<string>(type: "nvarchar(64)", nullable: false),
                    Status = table.Column<string>(type: "nvarchar(16)", maxLength: 16, nullable: false),
                    Currency = table.Column<string>(type: "nvarchar(3)", maxLength: 3, nullable: false),
                    BalanceCents = table.Column<long>(type: "bigint", nullable: false),
                    RowVersion = table.Column<byte[]>(type: "rowversion", rowVersion: true, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tool_accounts", x => x.Id);
                    table.ForeignKey(
                        name: "FK_tool_accounts_tool_customers_CustomerId",
                        column: x => x.CustomerId,
                        principalTable: "tool_customers",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "tool_transactions",
                columns: table => new
                {
                    Id = table.Column<string>(type: "nvarchar(64)", maxLength: 64, nullable: false),
                    AccountId = table.Column<string>(type: "nvarchar(64)", nullable: false),
                    At = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: false),
                    Merchant = table.Column<string>(type: "nvarchar(200)", maxLength: 200, nullable: false),
                    MerchantKey = table.Column<string>(type: "nvarchar(200)", maxLength: 200, nullable: false),
                    AmountCents = table.Column<long>(type: "bigint", nullable: false),
                    Currency = table.Column<string>(type: "nvarchar(3)", maxLength: 3, nullable: false),
                    Status = table.Column<string>(type: "nvarchar(16)", maxLength: 16, nullable: false),
                    RefundedCents = table.Column<long>(type: "bigint", nullable: false),
                    RowVersion = table.Column<byte[]>(type: "rowversion", rowVersion: true, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tool_transactions", x => x.Id);
                    table.ForeignKey(
                        name: "FK_tool_transactions_tool_accounts_AccountId",
                        column: x => x.AccountId,
                        principalTable: "tool_accounts",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "tool_refunds",
                columns: table => new
                {
                    Id = table.Column<string>(type: "nvarchar(64)", maxLength: 64, nullable: false),
                    TransactionId = table.Column<string>(type: "nvarchar(64)", nullable: false),
                    CallId = table.Column<string>(type: "nvarchar(256)", maxLength: 256, nullable: false),
                    AmountCents = table.Column<long>(type: "bigint", nullable: false),
                    Reason = table.Column<string>(type: "nvarchar(500)", maxLength: 500, nullable: false),
                    At = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tool_refunds", x => x.Id);
                    table.ForeignKey(
                        name: "FK_tool_refunds_tool_transactions_TransactionId",
                        column: x => x.TransactionId,
                        principalTable: "tool_transactions",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "tool_ledger",
                columns: table => new
                {
                    Id = table.Column<string>(type: "nvarchar(64)", maxLength: 64, nullable: false),
                    AccountId = table.Column<string>(type: "nvarchar(64)", nullable: false),
                    RefundId = table.Column<string>(type: "nvarchar(64)", nullable: false),
                    CallId = table.Column<string>(type: "nvarchar(256)", maxLength: 256, nullable: false),
                    AmountCents = table.Column<long>(type: "bigint", nullable: false),
                    BalanceAfterCents = table.Column<long>(type: "bigint", nullable: false),
                    At = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tool_ledger", x => x.Id);
                    table.ForeignKey(
                        name: "FK_tool_ledger_tool_accounts_AccountId",
                        column: x => x.AccountId,
                        principalTable: "tool_accounts",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_tool_ledger_tool_refunds_RefundId",
                        column: x => x.RefundId,
                        principalTable: "tool_refunds",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "IX_tool_accounts_CustomerId",
                table: "tool_accounts",
                column: "CustomerId");

            migrationBuilder.CreateIndex(
                name: "IX_tool_calls_StartedAt",
                table: "tool_calls",
                column: "StartedAt");

            migrationBuilder.CreateIndex(
                name: "IX_tool_ledger_AccountId",
                table: "tool_ledger",
                column: "AccountId");

            migrationBuilder.CreateIndex(
                name: "IX_tool_ledger_CallId",
                table: "tool_ledger",
                column: "CallId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_tool_ledger_RefundId",
                table: "tool_ledger",
                column: "RefundId");

            migrationBuilder.CreateIndex(
                name: "IX_tool_refunds_CallId",
                table: "tool_refunds",
                column: "CallId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_tool_refunds_TransactionId",
                table: "tool_refunds",
                column: "TransactionId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_tool_transactions_AccountId_At",
                table: "tool_transactions",
                columns: new[] { "AccountId", "At" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "tool_calls");

            migrationBuilder.DropTable(
                name: "tool_ledger");

            migrationBuilder.DropTable(
                name: "tool_refunds");

            migrationBuilder.DropTable(
                name: "tool_transactions");

            migrationBuilder.DropTable(
                name: "tool_accounts");

            migrationBuilder.DropTable(
                name: "tool_customers");
        }
    }
}
